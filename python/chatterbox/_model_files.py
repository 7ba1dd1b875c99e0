"""What needs no engine: quantising, languages, versions."""

from __future__ import annotations

import os

from . import _abi
from ._enum_names import optional_member
from ._enums import Family
from ._library import check, library, to_text


def quantise_model(
    model: str | os.PathLike[str],
    output: str | os.PathLike[str],
    family: Family | str | None = None,
) -> None:
    """Write a copy of a checkpoint folder with T3 in int8, a third of T3's size. Blocks.

    Parameters
    ----------
    model : str or path
        A checkpoint folder as published.
    output : str or path
        A new or empty folder.
    family : Family or str, optional
        None: recognised by the files.
    """
    kind = optional_member(Family, family, "family")
    check(
        library().chatterbox_quantise_model(
            to_text("model", model),
            _abi.UNSET if kind is None else kind,
            to_text("output", output),
        )
    )


def languages() -> dict[str, str]:
    """Return the languages of the multilingual models: "fr" to "French", sorted by code."""
    c = library()
    return {
        bytes(c.chatterbox_language_code(i)).decode(): bytes(c.chatterbox_language_name(i)).decode()
        for i in range(c.chatterbox_language_count())
    }


def library_version() -> str:
    """Return the version of libchatterbox.so."""
    return bytes(library().chatterbox_version()).decode()


def build_info() -> str:
    """Return one line about how the library was built: version, libtorch, CUDA."""
    return bytes(library().chatterbox_build_info()).decode()
