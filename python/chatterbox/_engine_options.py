"""The options of an engine as the C struct."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Mapping
from typing import Any, Callable

from . import _abi
from ._enum_names import member, optional_member
from ._enums import Family, LogLevel, Mode, Precision, Watermark, Weights
from ._library import initialised, put, put_options, to_text

LogFunction = Callable[[LogLevel, int, str], object]


def _files_to_c(files: Mapping[str, bytes]) -> Any:
    array = (_abi.File * len(files))()
    for c, (name, data) in zip(array, files.items()):
        c.name = to_text("files", name)
        c.data = ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p)
        c.size = len(data)
    return array


def engine_options_to_c(
    *,
    model: str | os.PathLike[str],
    files: Mapping[str, bytes] | None,
    s3gen: str | os.PathLike[str] | None,
    family: Family | str | None,
    device: str,
    precision: Precision | str | None,
    t3_precision: Precision | str | None,
    s3gen_precision: Precision | str | None,
    kv_cache: Precision | str | None,
    weights: Weights | str,
    mode: Mode | str,
    watermark: Watermark | str,
    log_level: LogLevel | str,
    deterministic: bool,
    **numbers: int | None,
) -> Any:
    """See Engine."""
    c = initialised(_abi.EngineOptions, "chatterbox_engine_options_init")
    c.model = to_text("model", model)
    if files is not None:
        c.files = _files_to_c(files)
        c.file_count = len(files)
    if s3gen is not None:
        c.s3gen = to_text("s3gen", s3gen)
    put(
        c,
        device=device,
        family=optional_member(Family, family, "family"),
        precision=optional_member(Precision, precision, "precision"),
        t3_precision=optional_member(Precision, t3_precision, "t3_precision"),
        s3gen_precision=optional_member(Precision, s3gen_precision, "s3gen_precision"),
        kv_cache=optional_member(Precision, kv_cache, "kv_cache"),
        weights=member(Weights, weights, "weights"),
        mode=member(Mode, mode, "mode"),
        watermark=member(Watermark, watermark, "watermark"),
        log_level=member(LogLevel, log_level, "log_level"),
        deterministic=bool(deterministic),
    )
    put_options(c, **numbers)
    return c


def log_callback(log: LogFunction) -> Any:
    """The caller's function as C calls it, on the engine's threads."""

    def call(level: int, tag: int, message: bytes, _: object) -> None:
        log(LogLevel(level), tag, message.decode("utf-8", "replace"))

    return _abi.LogCallback(call)
