"""A loaded model that speaks."""

from __future__ import annotations

import ctypes
import dataclasses
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Callable, Literal, overload

from . import _batch
from ._audio import Source
from ._enums import StreamMode
from ._errors import Error
from ._job import Chunk, Job, make_job
from ._library import library
from ._loaded_model import LoadedModel
from ._progress import Reports
from ._request import Request, RequestOptions, conversion_to_c, long_text_to_c
from ._threads import in_thread

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._audio import AudioLike
    from ._loaded_model import VoiceLike
    from ._result import Speech
    from ._result_records import Progress


class Engine(LoadedModel):
    """A loaded model and the threads that run it. Any thread may use it.

    The tokens, samples and errors of a request do not depend on other requests. What is None is
    chosen by the library. Use it in a `with` statement, or call close().

    Parameters
    ----------
    model : str or path
        A checkpoint folder as published, or "demo": a small model that comes with the package.
    files : mapping of str to bytes, optional
        The model's files by their names, instead of a folder.
    s3gen : str or path, optional
        A file to use as S3Gen, instead of the model's own.
    family : Family or str, optional
        "english", "multilingual", "multilingual-v2", "multilingual-v3", "turbo", "nano" or
        "flash"; None:
        recognised by the files.
    device : str
        "cpu", "cuda", "cuda:N", or "auto": CUDA if available.
    precision, t3_precision, s3gen_precision : Precision or str, optional
        "fp32", "bf16", "int8" or "auto", of the weights; of T3 and S3Gen alone. None: fp32 on a
        CPU, bf16 on CUDA.
    kv_cache : Precision or str, optional
        "fp32" or "bf16".
    weights : Weights or str
        "mapped", "read" or "locked".
    threads : int, optional
        CPU threads for computation, 1 to 1024; None: one for each physical core.
    mode : Mode or str
        "dynamic": requests join and leave the running batch between steps; "batch"; "sequential".
    max_batch : int, optional
        How many requests may draw tokens at a time, 1 to 256; None: 8 on a CPU, and on CUDA as many
        as memory allows.
    max_streams : int, optional
        How many may stream at a time, 1 to 256; None: as many as can be spoken in time.
    max_queue : int
        How many requests may wait, 1 to 65536.
    max_queue_bytes : int
        For their texts and recordings, bytes.
    memory_limit : int, optional
        Bytes beside the weights; None: half of what is free.
    deterministic : bool
        Require the same bits alone and in any batch, which always holds on a CPU.
    watermark : Watermark or str
        "auto": if its weights are found; "on" or "off".
    log : callable, optional
        Called with LogLevel, tag and message, on the engine's threads, which wait for it.
    log_level : LogLevel or str
        The lowest level that is logged.

    Raises
    ------
    Error
        INVALID_ARGUMENT: an option out of range. NOT_FOUND, IO, BAD_MODEL_FILE, BAD_VOICE: a
        problem with the model's files. UNSUPPORTED, DEVICE: with device or precision.
    """

    def _request(
        self, text: str | Request, voice: VoiceLike, options: RequestOptions
    ) -> Request:
        named = self.voice(voice)
        if isinstance(text, Request):
            changes: dict[str, Any] = {**options}
            if named is not None:
                changes["voice"] = named
            return dataclasses.replace(text, **changes) if changes else text
        return Request(text=text, voice=named, **options)

    def _submit(self, function: str, c: Any, *more: Any) -> Job:
        with self._use() as engine:
            call = getattr(library(), function)
            return make_job(lambda out: call(engine, ctypes.byref(c), *more, out))

    def _submit_text(self, c: Any, long: bool, pause: float) -> Job:
        if not long:
            return self._submit("chatterbox_engine_submit", c)
        joined = long_text_to_c(pause)
        return self._submit("chatterbox_engine_submit_long", c, ctypes.byref(joined))

    def submit(
        self,
        text: str | Request,
        *,
        voice: VoiceLike = None,
        long: bool = False,
        pause: float = 0.15,
        stream: StreamMode | str = StreamMode.NONE,
        **options: Unpack[RequestOptions],
    ) -> Job:
        """Queue a request and return; block for `wait_for_room` at most.

        Parameters
        ----------
        text : str or Request
            What to speak; the other arguments then replace those of the request.
        voice : Voice, str or path, optional
            See voice(); None: the model's own.
        long : bool
            The text may have up to 16 MB and is split at sentences; "[pause:500ms]" and
            "[pause:1.5s]" in it stand for silence.
        pause : float
            Seconds of silence between two pieces of a long text, 0 to 10.
        stream : StreamMode or str
            "chunks" or "pieces": the job's chunks have the samples, and its Speech has none.
        **options
            See Request.

        Raises
        ------
        Error
            INVALID_ARGUMENT, NOT_FOUND: no voice is given and the model has none, BUSY,
            DEVICE_LOST.
        """
        c = self._request(text, voice, options).to_c(stream)
        return self._submit_text(c, long, pause)

    def open_text(
        self,
        text: str | Request = "",
        *,
        voice: VoiceLike = None,
        pause: float = 0.15,
        stream: StreamMode | str = StreamMode.CHUNKS,
        **options: Unpack[RequestOptions],
    ) -> Job:
        """Open a job for a text that comes by and by, with Job.feed(), flush() and end().

        For example from a language model. Sentences are spoken as they become complete. It takes no
        place in the queue. `text` is its beginning. Otherwise as a long text: see submit().
        """
        c = self._request(text, voice, options).to_c(stream)
        return self._submit("chatterbox_engine_open_text", c, ctypes.byref(long_text_to_c(pause)))

    def _wait(
        self, c: Any, submit: Callable[[], Job], progress: Callable[[Progress], object] | None
    ) -> Speech:
        """Submit, and wait on this thread in a way that an interrupt of the program can end."""
        reports = Reports(c) if progress is not None else None
        try:
            job = submit()
        except BaseException:
            if reports is not None:
                reports.drop()
            raise
        try:
            if reports is not None and progress is not None:
                reports.deliver(job, progress)
            return job.wait()
        except BaseException:
            job.cancel()
            raise

    def synthesize(
        self,
        text: str | Request,
        *,
        voice: VoiceLike = None,
        long: bool = False,
        pause: float = 0.15,
        progress: Callable[[Progress], object] | None = None,
        **options: Unpack[RequestOptions],
    ) -> Speech:
        """Speak a text and return the speech; wait for room in the queue as long as it takes.

        Parameters
        ----------
        text, voice, long, pause, **options
            See submit().
        progress : callable, optional
            Called on this thread with each report. What it raises cancels the request.

        Raises
        ------
        Error
            What submit() and Job.wait() raise.
        """
        options["wait_for_room"] = None
        c = self._request(text, voice, options).to_c()
        return self._wait(c, lambda: self._submit_text(c, long, pause), progress)

    def stream(
        self,
        text: str | Request,
        *,
        voice: VoiceLike = None,
        long: bool = False,
        pause: float = 0.15,
        **options: Unpack[RequestOptions],
    ) -> Iterator[Chunk]:
        """Speak a text and yield its samples while the rest of it is still being made.

        Leaving the loop early cancels the request. The sound differs a little from that of
        synthesize(), but is the same at any load. See submit(), and StreamOptions.
        """
        options.setdefault("wait_for_room", None)
        job = self.submit(text, voice=voice, long=long, pause=pause, stream="chunks", **options)
        return _chunks(job)

    async def asynthesize(
        self,
        text: str | Request,
        *,
        voice: VoiceLike = None,
        long: bool = False,
        pause: float = 0.15,
        **options: Unpack[RequestOptions],
    ) -> Speech:
        """Do what synthesize() does, for asyncio. Cancelling the task cancels the request."""
        options["wait_for_room"] = None
        return await (await self._asubmit(text, voice, long, pause, StreamMode.NONE, options))

    async def astream(
        self,
        text: str | Request,
        *,
        voice: VoiceLike = None,
        long: bool = False,
        pause: float = 0.15,
        **options: Unpack[RequestOptions],
    ) -> AsyncIterator[Chunk]:
        """Do what stream() does, for asyncio. Cancelling the task cancels the request."""
        options.setdefault("wait_for_room", None)
        job = await self._asubmit(text, voice, long, pause, StreamMode.CHUNKS, options)
        try:
            async for chunk in job:
                yield chunk
        finally:
            job.cancel()

    async def _asubmit(
        self,
        text: str | Request,
        voice: VoiceLike,
        long: bool,
        pause: float,
        stream: StreamMode,
        options: RequestOptions,
    ) -> Job:
        made: list[Job] = []
        cancelled = False

        def submit() -> Job:
            job = self.submit(text, voice=voice, long=long, pause=pause, stream=stream, **options)
            made.append(job)
            if cancelled:  # while it waited for room
                job.cancel()
            return job

        def cancel() -> None:
            nonlocal cancelled
            cancelled = True
            for job in made:
                job.cancel()

        return await in_thread(submit, cancel)

    @overload
    def synthesize_batch(
        self,
        texts: Sequence[str | Request],
        *,
        voice: VoiceLike = None,
        progress: Callable[[int, int], object] | None = None,
        return_exceptions: Literal[False] = False,
        **options: Unpack[RequestOptions],
    ) -> list[Speech]: ...
    @overload
    def synthesize_batch(
        self,
        texts: Sequence[str | Request],
        *,
        voice: VoiceLike = None,
        progress: Callable[[int, int], object] | None = None,
        return_exceptions: Literal[True],
        **options: Unpack[RequestOptions],
    ) -> list[Speech | Error]: ...
    def synthesize_batch(
        self,
        texts: Sequence[str | Request],
        *,
        voice: VoiceLike = None,
        progress: Callable[[int, int], object] | None = None,
        return_exceptions: bool = False,
        **options: Unpack[RequestOptions],
    ) -> Sequence[Speech | Error]:
        """Speak many texts; each has the samples that it has alone.

        Parameters
        ----------
        texts : sequence of str or Request
            Any number of them.
        voice, **options
            Of all of them: see submit().
        progress : callable, optional
            Called on this thread with how many are done, and how many there are.
        return_exceptions : bool
            Return the error of a request that fails in its place. Otherwise the first one is
            raised when all requests have ended.

        Returns
        -------
        list of Speech
            In the order of the texts.
        """
        named = self.voice(voice)
        requests = [self._request(text, named, options) for text in texts]
        outcomes = _batch.run(self, requests, progress)
        if not return_exceptions:
            for outcome in outcomes:
                if isinstance(outcome, Error):
                    raise outcome
        return outcomes

    def convert(
        self,
        source: AudioLike,
        sample_rate: int | None = None,
        *,
        voice: VoiceLike = None,
        progress: Callable[[Progress], object] | None = None,
        **options: Unpack[RequestOptions],
    ) -> Speech:
        """Speak the words of a recording in another voice; its timing stays the same.

        Parameters
        ----------
        source : AudioLike
            0.1 s to 10 minutes: a path, an Audio, a Speech, or an array of shape (frames,) or
            (frames, channels), nominally in [-1, 1].
        sample_rate : int, optional
            Hz; needed with an array.
        voice, progress
            See synthesize().
        **options
            Those of Request that do not belong to a text: seed, cfm_steps, cfg_steps, noise,
            priority, client, tag, deadline.
        """
        options["wait_for_room"] = None
        recording = Source(source, sample_rate)
        c = conversion_to_c(recording, self._request("", voice, options), StreamMode.NONE)
        return self._wait(
            c, lambda: self._submit("chatterbox_engine_submit_conversion", c), progress
        )

    def submit_conversion(
        self,
        source: AudioLike,
        sample_rate: int | None = None,
        *,
        voice: VoiceLike = None,
        stream: StreamMode | str = StreamMode.NONE,
        **options: Unpack[RequestOptions],
    ) -> Job:
        """Queue a conversion and return: see convert() and submit()."""
        recording = Source(source, sample_rate)
        c = conversion_to_c(recording, self._request("", voice, options), stream)
        return self._submit("chatterbox_engine_submit_conversion", c)


def _chunks(job: Job) -> Iterator[Chunk]:
    try:
        yield from job
    finally:
        job.cancel()
