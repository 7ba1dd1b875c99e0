"""Finds libtorch, which libchatterbox.so needs and does not bring along.

In this order: the torch that is already imported; CHATTERBOX_LIBTORCH; a folder `libtorch` beside
the library; the torch that is installed, which is found without importing it.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import pathlib
import re
import sys

#: The libtorch that the library is built with; its minor version must be the same at run time.
BUILT_WITH = "2.11"


def _folder(path: pathlib.Path) -> pathlib.Path | None:
    """The folder with lib/libtorch_cpu.so: `path`, or the torch/ in it."""
    for folder in (path, path / "torch"):
        if (folder / "lib" / "libtorch_cpu.so").is_file():
            return folder
    return None


def _version(folder: pathlib.Path) -> str:
    """The version of an installed torch, or of an unpacked libtorch; "unknown" if it has none."""
    try:
        text = (folder / "version.py").read_text(encoding="utf-8")
        if found := re.search(r"^__version__\s*=\s*['\"]([^'\"]+)", text, re.MULTILINE):
            return found[1]
    except OSError:
        pass
    try:
        return (folder / "build-version").read_text(encoding="utf-8").split()[0]
    except (OSError, IndexError):
        return "unknown"


def _check(version: str, where: str) -> None:
    if version.split("+")[0].split(".")[:2] != BUILT_WITH.split("."):
        raise ImportError(
            f"chatterbox needs torch {BUILT_WITH}, but {where} is torch {version}: install "
            f"torch=={BUILT_WITH}.*, or set CHATTERBOX_LIBTORCH to a folder with libtorch {BUILT_WITH}"
        )


def imported() -> bool:
    """Whether torch is imported; its version is then checked.

    Raises
    ------
    ImportError
        It has another version.
    """
    torch = sys.modules.get("torch")
    if torch is None or not hasattr(torch, "__version__"):
        return False
    _check(str(torch.__version__), f"the imported {getattr(torch, '__file__', 'torch')}")
    return True


def find(beside: pathlib.Path) -> pathlib.Path | None:
    """Find the folder of libtorch without loading anything.

    Parameters
    ----------
    beside : pathlib.Path
        The folder of libchatterbox.so.

    Returns
    -------
    pathlib.Path or None
        A folder with lib/libtorch_cpu.so; None if torch is imported, and its libraries are used.

    Raises
    ------
    ImportError
        There is none, or it has another version than the library was built with.
    """
    if imported():
        return None
    if asked := os.environ.get("CHATTERBOX_LIBTORCH"):
        folder = _folder(pathlib.Path(asked))
        if folder is None:
            raise ImportError(f"CHATTERBOX_LIBTORCH={asked} has no lib/libtorch_cpu.so")
        _check(_version(folder), f"CHATTERBOX_LIBTORCH={asked}")
        return folder
    if folder := _folder(beside / "libtorch"):
        _check(_version(folder), str(folder))
        return folder
    spec = importlib.util.find_spec("torch")
    for place in (spec.submodule_search_locations or []) if spec else []:
        if folder := _folder(pathlib.Path(place)):
            _check(_version(folder), str(folder))
            return folder
    raise ImportError(
        f"chatterbox needs libtorch {BUILT_WITH}, and no torch is installed: "
        f"pip install 'torch=={BUILT_WITH}.*', or set CHATTERBOX_LIBTORCH to a folder with libtorch"
    )


def load(folder: pathlib.Path | None) -> None:
    """Load libtorch from `folder`, so that libchatterbox.so finds it loaded; None: it is already.

    The dynamic linker takes a library that is loaded under the name that another one needs,
    wherever it came from. Importing torch later finds it loaded in the same way.
    """
    if folder is None:
        return
    try:
        for name in ("libc10.so", "libtorch_cpu.so"):
            ctypes.CDLL(str(folder / "lib" / name))
    except OSError as error:
        raise ImportError(f"libtorch in {folder} cannot be loaded: {error}") from error
