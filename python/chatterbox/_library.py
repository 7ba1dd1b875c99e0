"""The loaded libchatterbox.so, and what every call of it needs."""

from __future__ import annotations

import ctypes
import os
import pathlib
import threading
from typing import Any, Callable

from . import _abi, _libtorch
from ._errors import Error, invalid, make_error

PACKAGE = pathlib.Path(__file__).resolve().parent
_lock = threading.Lock()
_loaded: ctypes.CDLL | None = None


def path() -> pathlib.Path:
    """Where libchatterbox.so is: CHATTERBOX_LIBRARY, or the package's own.

    Raises
    ------
    ImportError
        There is none.
    """
    if asked := os.environ.get("CHATTERBOX_LIBRARY"):
        found = pathlib.Path(asked)
        if not found.is_file():
            raise ImportError(f"CHATTERBOX_LIBRARY={asked} is no file")
        return found.resolve()
    for found in sorted((PACKAGE / "lib").glob("libchatterbox.so*")):
        return found
    raise ImportError(
        f"libchatterbox.so is not in {PACKAGE / 'lib'}: install the wheel, or set "
        "CHATTERBOX_LIBRARY to the file that a build of the sources made"
    )


def check_installation() -> None:
    """Find what is needed without loading it, which takes half a second.

    Raises
    ------
    ImportError
        Something is missing or has the wrong version.
    """
    _libtorch.find(path().parent)


def library() -> ctypes.CDLL:
    """Load the library on first use."""
    global _loaded
    if _loaded is None:
        with _lock:
            if _loaded is None:
                _loaded = _load()
    return _loaded


def _load() -> ctypes.CDLL:
    file = path()
    _libtorch.load(_libtorch.find(file.parent))
    try:
        loaded = ctypes.CDLL(str(file))
    except OSError as error:
        raise ImportError(f"{file} cannot be loaded: {error}") from error
    abi = loaded.chatterbox_abi_version
    abi.restype = ctypes.c_uint32
    if abi() != _abi.ABI_VERSION:
        raise ImportError(f"{file} has ABI {abi()}, this package needs ABI {_abi.ABI_VERSION}")
    _abi.declare(loaded)
    return loaded


def last_error() -> str:
    """The text of the last failure on this thread."""
    return bytes(library().chatterbox_last_error()).decode("utf-8", "replace")


def check(status: int) -> int:
    """Raise the error of a call that failed; return its status otherwise."""
    if status < 0:
        raise make_error(status, last_error())
    return status


class Handle:
    """A handle of the C library, released when nobody holds it any longer.

    A child of fork() has no part in the library's threads, so it leaves the handle alone.
    """

    __slots__ = ("value", "_destroy", "_pid", "_getpid", "__weakref__")

    def __init__(self, value: int | None, destroy: Callable[[int], Any]) -> None:
        self.value = value
        self._destroy = destroy
        self._pid = os.getpid()
        self._getpid = os.getpid  # the module is gone when the interpreter ends

    @property
    def inherited(self) -> bool:
        """Whether it belongs to the parent of a process that was forked."""
        return self._getpid() != self._pid

    def release(self) -> None:
        value, self.value = self.value, None
        if value and not self.inherited:
            self._destroy(value)

    def __del__(self) -> None:
        self.release()


def make_handle(destroy: str, call: Callable[[Any], int]) -> Handle:
    """Call a function that stores a new handle through its last argument."""
    made = ctypes.c_void_p()
    check(call(ctypes.byref(made)))
    return Handle(made.value, getattr(library(), destroy))


def initialised(struct: Any, init: str) -> Any:
    """A new struct with the library's defaults."""
    made = struct()
    check(getattr(library(), init)(ctypes.byref(made), ctypes.sizeof(struct)))
    return made


def filled(struct: Any, call: Callable[[Any, int], int]) -> Any:
    """Call a function that fills in a struct and takes its size."""
    made = struct()
    check(call(ctypes.byref(made), ctypes.sizeof(struct)))
    return made


def to_text(name: str, value: str | os.PathLike[str]) -> bytes:
    """A string or a path as C expects it."""
    encoded = os.fsencode(value) if isinstance(value, os.PathLike) else value.encode("utf-8")
    if b"\0" in encoded:
        raise invalid(f"{name} must not have a NUL in it")
    return encoded


_RANGES = {
    ctypes.c_int32: (-(2**31), 2**31 - 1),
    ctypes.c_int64: (-(2**63), 2**63 - 1),
    ctypes.c_uint64: (0, 2**64 - 1),
}


def put(struct: Any, **values: Any) -> None:
    """Set members of a struct to values that are checked for what ctypes would cut off silently.

    None is left at the library's default.
    """
    types = dict(struct._fields_)
    for name, value in values.items():
        if value is None:
            continue
        kind = types[name]
        if kind in _RANGES:
            low, high = _RANGES[kind]
            value = int(value) if isinstance(value, bool) else value.__index__()
            if not low <= value <= high:
                raise invalid(f"{name} must be in [{low}, {high}], got {value}")
        setattr(struct, name, to_text(name, value) if kind is ctypes.c_char_p else value)


def put_options(struct: Any, **values: Any) -> None:
    """The same for options that may be unset, for which C has -1: here None stands for it."""
    for name, value in values.items():
        if value == _abi.UNSET:
            raise invalid(f"{name} must not be -1")
    put(struct, **values)


def milliseconds(name: str, seconds: float | None) -> int:
    """A timeout for C; None: no limit."""
    if seconds is None:
        return _abi.FOREVER
    if not 0 <= seconds < 1e12:
        raise invalid(f"{name} must be 0 or more seconds, got {seconds}")
    return -int(-seconds * 1000 // 1)


def closed(what: str) -> Error:
    """The error of something that was closed."""
    return make_error(-10, f"the {what} is closed")
