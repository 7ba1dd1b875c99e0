"""Jobs, which are requests in progress."""

from __future__ import annotations

import ctypes
import time
from collections.abc import AsyncIterator, Generator, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from . import _abi
from ._enums import Status
from ._errors import Error, make_error
from ._library import Handle, check, filled, initialised, library, make_handle, milliseconds, to_text
from ._result import Speech
from ._result_records import Heard, Word
from ._threads import in_thread

if TYPE_CHECKING:
    from ._audio import Samples

#: How long a call may wait in C, where an interrupt of the program cannot reach it, ms.
_SLICE_MS = 100


class Chunk(NamedTuple):
    """Samples of a stream.

    Attributes
    ----------
    samples : ndarray of float32, shape (samples,)
        Mono, nominally in [-1, 1]; the caller's own.
    sample_rate : int
        24000 Hz.
    first_sample : int
        Index of the first of them in the whole speech.
    words : list of Word
        With `word_times`: those that end with these samples.
    """

    samples: Samples
    sample_rate: int
    first_sample: int
    words: list[Word]


class Job:
    """A request in progress. Any thread may use it.

    If nobody holds it any longer, it runs on, but one that streams, or that was opened for text and
    not ended, is cancelled. It can be awaited (the Speech), and iterated over (its chunks, if it
    streams), also with `async for`.
    """

    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    def wait(self, timeout: float | None = None) -> Speech:
        """Block until the job is done.

        Parameters
        ----------
        timeout : float, optional
            Seconds; None: without limit.

        Returns
        -------
        Speech
            The same one for every call.

        Raises
        ------
        TimeoutError
            It is not done yet.
        Error
            What ended it: Cancelled, DeadlineExceeded, NO_SPEECH, ...
        """
        c = library()
        until = None if timeout is None else time.monotonic() + timeout
        while True:
            result = ctypes.c_void_p()
            status = c.chatterbox_job_wait(self._handle.value, _slice(until), ctypes.byref(result))
            if status != Status.TIMEOUT:
                check(status)
                return Speech(Handle(result.value, c.chatterbox_result_destroy))
            if until is not None and time.monotonic() >= until:
                raise TimeoutError(f"the job is not done after {timeout} s")

    @property
    def done(self) -> bool:
        """Whether it has ended, however it did."""
        return bool(library().chatterbox_job_is_done(self._handle.value))

    @property
    def error(self) -> Error | None:
        """The error that ended it; None if it is not done or succeeded."""
        status, message = ctypes.c_int32(), ctypes.c_char_p()
        check(
            library().chatterbox_job_get_error(
                self._handle.value, ctypes.byref(status), ctypes.byref(message)
            )
        )
        if status.value == Status.OK:
            return None
        return make_error(status.value, (message.value or b"").decode("utf-8", "replace"))

    @property
    def tag(self) -> int:
        """The request's tag."""
        return int(library().chatterbox_job_tag(self._handle.value))

    def cancel(self) -> None:
        """Ask it to stop and return at once; it ends within one decode step or one Euler step."""
        library().chatterbox_job_cancel(self._handle.value)

    def feed(self, text: str) -> None:
        """Append text to a job of Engine.open_text(); sentences that are complete are spoken."""
        check(library().chatterbox_job_feed(self._handle.value, to_text("text", text)))

    def flush(self) -> None:
        """Speak all that was fed, as if another sentence followed."""
        check(library().chatterbox_job_flush(self._handle.value))

    def end(self) -> None:
        """End the text: the rest is spoken, and then the job is done."""
        check(library().chatterbox_job_end(self._handle.value))

    def next(self, timeout: float | None = None) -> Chunk | None:
        """Block until there are more samples; only one thread at a time may call it.

        Parameters
        ----------
        timeout : float, optional
            Seconds; None: without limit.

        Returns
        -------
        Chunk or None
            None: the job has succeeded and there are no more.

        Raises
        ------
        TimeoutError
            There are none yet.
        Error
            What ended the job, after the samples that were final before.
        """
        until = None if timeout is None else time.monotonic() + timeout
        c = initialised(_abi.Chunk, "chatterbox_chunk_init")
        while True:
            status = check(
                library().chatterbox_job_next(self._handle.value, _slice(until), ctypes.byref(c))
            )
            if status == Status.END_OF_STREAM:
                return None
            if status != Status.TIMEOUT:
                return self._chunk(c)
            if until is not None and time.monotonic() >= until:
                raise TimeoutError(f"there are no samples after {timeout} s")

    def _chunk(self, c: Any) -> Chunk:
        import numpy as np

        # The library overwrites its own at the next call.
        samples = np.array(np.ctypeslib.as_array(c.samples, (c.count,)), np.float32)
        words = [self.word(c.first_word + i) for i in range(c.word_count)]
        return Chunk(samples, c.sample_rate, c.first_sample, words)

    def word(self, index: int) -> Word:
        """Return a word that was handed out, with `word_times`."""
        c = filled(
            _abi.Word,
            lambda out, size: library().chatterbox_job_get_word(
                self._handle.value, index, out, size
            ),
        )
        return Word.from_c(c)

    def heard(self, samples: int | None = None) -> Heard:
        """Return how far in the text somebody is who has heard so many samples.

        Parameters
        ----------
        samples : int, optional
            None: all that were handed out.
        """
        count = 2**64 - 1 if samples is None else samples
        c = filled(
            _abi.Heard,
            lambda out, size: library().chatterbox_job_get_heard(
                self._handle.value, count, out, size
            ),
        )
        return Heard.from_c(c)

    def __iter__(self) -> Iterator[Chunk]:
        while (chunk := self.next()) is not None:
            yield chunk

    async def __aiter__(self) -> AsyncIterator[Chunk]:
        while (chunk := await in_thread(self.next, self.cancel)) is not None:
            yield chunk

    def __await__(self) -> Generator[Any, None, Speech]:
        return in_thread(self.wait, self.cancel).__await__()


def _slice(until: float | None) -> int:
    if until is None:
        return _SLICE_MS
    return min(_SLICE_MS, milliseconds("timeout", max(0.0, until - time.monotonic())))


def wait_any(jobs: list[Job], timeout: float | None = None) -> int:
    """Block until one of the jobs is done; return its index, the lowest if several are.

    Raises
    ------
    TimeoutError
        None is done after `timeout` seconds.
    """
    until = None if timeout is None else time.monotonic() + timeout
    handles = (ctypes.c_void_p * len(jobs))(*(job._handle.value for job in jobs))
    index = ctypes.c_uint64()
    while True:
        status = check(
            library().chatterbox_jobs_wait_any(
                handles, len(jobs), _slice(until), ctypes.byref(index)
            )
        )
        if status != Status.TIMEOUT:
            return index.value
        if until is not None and time.monotonic() >= until:
            raise TimeoutError(f"no job is done after {timeout} s")


def make_job(call: Any) -> Job:
    """Make a job with a C function that submits."""
    return Job(make_handle("chatterbox_job_destroy", call))
