"""Failures of the library as exceptions."""

from __future__ import annotations

from typing import Any

from ._enums import Status


class Error(Exception):
    """A failure. Its text is one line that names the value at fault and the limit.

    Attributes
    ----------
    status : Status
        What kind of failure it is; the same number as in C and C++.
    """

    status: Status

    def __init__(self, message: str, status: Status = Status.INTERNAL) -> None:
        super().__init__(message)
        self.status = status

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (str(self), self.status))


class InvalidArgument(Error, ValueError):
    """A value is out of range."""


class NotFound(Error, LookupError):
    """There is no such file, voice or model."""


class OutOfMemory(Error, MemoryError):
    """There is not enough memory."""


class Cancelled(Error):
    """The request was cancelled, or its engine was closed."""


class Busy(Error):
    """The queue is full, or the engine is draining."""


class DeadlineExceeded(Error, TimeoutError):
    """The request was not done by its deadline."""


_CLASSES = {
    Status.INVALID_ARGUMENT: InvalidArgument,
    Status.NOT_FOUND: NotFound,
    Status.OUT_OF_MEMORY: OutOfMemory,
    Status.CANCELLED: Cancelled,
    Status.BUSY: Busy,
    Status.DEADLINE_EXCEEDED: DeadlineExceeded,
}


def make_error(status: int, message: str) -> Error:
    """Make the exception for a status of the C library."""
    known = Status(status) if status in Status._value2member_map_ else Status.INTERNAL
    return _CLASSES.get(known, Error)(message, known)


def invalid(message: str) -> InvalidArgument:
    """Make the exception for a value that has no equivalent in C."""
    return InvalidArgument(message, Status.INVALID_ARGUMENT)
