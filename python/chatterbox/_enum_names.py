"""Enum members by their names, so that a caller may write "bf16" for Precision.BF16."""

from __future__ import annotations

from enum import IntEnum
from typing import TypeVar

from ._errors import invalid

E = TypeVar("E", bound=IntEnum)


def member(kind: type[E], value: E | str, option: str) -> E:
    """Return a member that is given as itself or by its name, with "-" or "_", in any case."""
    if isinstance(value, kind):
        return value
    if isinstance(value, str):
        name = value.upper().replace("-", "_")
        if name in kind.__members__:
            return kind[name]
    names = ", ".join(name.lower() for name in kind.__members__)
    raise invalid(f"{option} must be one of {names}, got {value!r}")


def optional_member(kind: type[E], value: E | str | None, option: str) -> E | None:
    """The same, and None for None."""
    return None if value is None else member(kind, value, option)
