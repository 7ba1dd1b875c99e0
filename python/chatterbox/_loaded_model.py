"""A loaded model: its life, what it is, and its voices. Engine adds speaking."""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import os
import threading
import time
import weakref
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from . import _abi
from ._audio import Source
from ._engine_options import LogFunction, engine_options_to_c, log_callback
from ._engine_records import EngineInfo, Limits, Metrics
from ._enums import Family, LogLevel, Mode, Precision, Status, Watermark, Weights
from ._errors import make_error
from ._library import Handle, check, closed, filled, initialised, library, make_handle, put, to_text
from ._voice import Voice

if TYPE_CHECKING:
    from typing_extensions import Self

    from ._audio import AudioLike

    #: A Voice; the name of one that comes with the model; the path of a saved voice or a recording.
    VoiceLike = Voice | str | os.PathLike[str] | None

_open: weakref.WeakSet[LoadedModel] = weakref.WeakSet()


class LoadedModel:
    """See Engine, which is the class that programs use."""

    def __init__(
        self,
        model: str | os.PathLike[str] = "demo",
        *,
        files: Mapping[str, bytes] | None = None,
        s3gen: str | os.PathLike[str] | None = None,
        family: Family | str | None = None,
        device: str = "auto",
        precision: Precision | str | None = None,
        t3_precision: Precision | str | None = None,
        s3gen_precision: Precision | str | None = None,
        kv_cache: Precision | str | None = None,
        weights: Weights | str = Weights.MAPPED,
        threads: int | None = None,
        mode: Mode | str = Mode.DYNAMIC,
        max_batch: int | None = None,
        max_streams: int | None = None,
        max_queue: int = 64,
        max_queue_bytes: int = 1 << 30,
        memory_limit: int | None = None,
        deterministic: bool = False,
        watermark: Watermark | str = Watermark.AUTO,
        log: LogFunction | None = None,
        log_level: LogLevel | str = LogLevel.WARNING,
    ) -> None:
        options = engine_options_to_c(
            model=model,
            files=files,
            s3gen=s3gen,
            family=family,
            device=device,
            precision=precision,
            t3_precision=t3_precision,
            s3gen_precision=s3gen_precision,
            kv_cache=kv_cache,
            weights=weights,
            threads=threads,
            mode=mode,
            max_batch=max_batch,
            max_streams=max_streams,
            max_queue=max_queue,
            max_queue_bytes=max_queue_bytes,
            memory_limit=memory_limit,
            deterministic=deterministic,
            watermark=watermark,
            log_level=log_level,
        )
        c = library()
        callback = None
        if log is not None:
            callback = options.log = log_callback(log)
        engine = ctypes.c_void_p()
        check(c.chatterbox_engine_create(ctypes.byref(options), ctypes.byref(engine)))

        def destroy(value: int, _callback: object = callback) -> None:
            c.chatterbox_engine_destroy(value)  # until here it may log

        self._handle = Handle(engine.value, destroy)
        self._closing = False
        self._inside = 0
        self._lock = threading.Lock()
        _open.add(self)

    # ---- Life ------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _use(self) -> Iterator[int]:
        """The C handle, which is not destroyed meanwhile."""
        with self._lock:
            if self._handle.inherited:
                raise make_error(
                    Status.UNSUPPORTED,
                    "an engine cannot be used after fork(): make one in each process",
                )
            if self._closing or self._handle.value is None:
                raise closed("engine")
            self._inside += 1
        try:
            yield self._handle.value
        finally:
            with self._lock:
                self._inside -= 1

    def close(self) -> None:
        """Cancel all requests, wait until they have stopped, and free the model.

        Calls of other threads that wait for this engine raise Cancelled. Voices, jobs and speech
        outlive it. A second call does nothing.
        """
        with self._lock:
            if self._closing or self._handle.inherited:
                return
            self._closing = True
        while True:
            library().chatterbox_engine_cancel_all(self._handle.value)
            with self._lock:
                if self._inside == 0:
                    break
            time.sleep(0.002)
        self._handle.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def cancel_all(self) -> None:
        """Ask every job to stop and return at once; new requests are accepted."""
        with self._use() as engine:
            library().chatterbox_engine_cancel_all(engine)

    def drain(self, timeout: float | None = None) -> bool:
        """Accept no new requests from now on (Busy), and wait for the present ones.

        Parameters
        ----------
        timeout : float, optional
            Seconds; None: without limit.

        Returns
        -------
        bool
            False: some are not done in time. It may be called again.
        """
        until = None if timeout is None else time.monotonic() + timeout
        while True:
            left = 0.1 if until is None else max(0.0, min(0.1, until - time.monotonic()))
            with self._use() as engine:
                if check(library().chatterbox_engine_drain(engine, int(left * 1000))) == Status.OK:
                    return True
            if until is not None and time.monotonic() >= until:
                return False

    # ---- What it is ------------------------------------------------------------------------------

    def _get(self, struct: Any, name: str) -> Any:
        function = getattr(library(), f"chatterbox_engine_{name}")
        with self._use() as engine:
            return filled(struct, lambda out, size: function(engine, out, size))

    @property
    def info(self) -> EngineInfo:
        """Family, device, precision, and the defaults of requests."""
        with self._use():  # its strings belong to the engine
            return EngineInfo.from_c(self._get(_abi.EngineInfo, "get_info"))

    @property
    def limits(self) -> Limits:
        """What the options and the memory limit allow; it does not change."""
        return Limits.from_c(self._get(_abi.Limits, "get_limits"))

    @property
    def metrics(self) -> Metrics:
        """The present state, and totals; cheap enough for every second."""
        return Metrics.from_c(self._get(_abi.Metrics, "get_metrics"))

    def _names(self, count: int, function: str) -> list[str]:
        with self._use() as engine:
            get = getattr(library(), function)
            return [bytes(get(engine, i)).decode() for i in range(count)]

    @property
    def languages(self) -> list[str]:
        """Codes of the languages of a multilingual model, sorted; empty for others."""
        return self._names(self.info.language_count, "chatterbox_engine_language")

    @property
    def voices(self) -> list[str]:
        """Names of the voices that come with the model, sorted: see named_voice()."""
        return self._names(self.info.voice_count, "chatterbox_engine_voice_name")

    def count_tokens(self, text: str, language: str = "", text_tags: bool = False) -> int:
        """Return the tokens of a text as the model reads it, with start and stop."""
        tokens = ctypes.c_int64()
        with self._use() as engine:
            check(
                library().chatterbox_engine_count_tokens(
                    engine,
                    to_text("text", text),
                    to_text("language", language),
                    bool(text_tags),
                    ctypes.byref(tokens),
                )
            )
        return tokens.value

    # ---- Voices ----------------------------------------------------------------------------------

    def default_voice(self) -> Voice:
        """Return the model's own voice; NotFound if it has none."""
        with self._use() as engine:
            return Voice(
                make_handle(
                    "chatterbox_voice_destroy",
                    lambda out: library().chatterbox_engine_get_default_voice(engine, out),
                )
            )

    def named_voice(self, name: str) -> Voice:
        """Return one of `voices`; demo has "low" and "high"."""
        encoded = to_text("name", name)
        with self._use() as engine:
            return Voice(
                make_handle(
                    "chatterbox_voice_destroy",
                    lambda out: library().chatterbox_engine_get_voice(engine, encoded, out),
                )
            )

    def make_voice(
        self,
        recording: AudioLike,
        sample_rate: int | None = None,
        *,
        normalise_loudness: bool = True,
        prompt_seconds: float = 10,
    ) -> Voice:
        """Make a voice from a recording. Blocks until its turn; running requests continue.

        Parameters
        ----------
        recording : AudioLike
            0.5 s (Turbo and Nano: 5 s) to 10 minutes, 1 to 8 channels, 8 to 192 kHz: a path, an
            Audio, a Speech, or an array of shape (frames,) or (frames, channels).
        sample_rate : int, optional
            Hz; needed with an array.
        normalise_loudness : bool
            Turbo and Nano bring the recording to -27 LUFS.
        prompt_seconds : float
            How much of the recording S3Gen continues from, 0.5 to 10; less is faster.
        """
        source = Source(recording, sample_rate)
        options = initialised(_abi.VoiceOptions, "chatterbox_voice_options_init")
        put(options, normalise_loudness=bool(normalise_loudness), prompt_seconds=prompt_seconds)
        with self._use() as engine:
            return Voice(
                make_handle(
                    "chatterbox_voice_destroy",
                    lambda out: library().chatterbox_engine_make_voice(
                        engine,
                        source.pointer,
                        source.frames,
                        source.channels,
                        source.sample_rate,
                        ctypes.byref(options),
                        out,
                    ),
                )
            )

    def voice(self, voice: VoiceLike) -> Voice | None:
        """Return the voice that is meant: as `voice` of everything that speaks.

        A Voice, or None; the name of one that comes with the model; the path of a saved voice or of
        a conds.pt; or the path of a recording, from which the voice is made anew at each call.
        """
        if voice is None or isinstance(voice, Voice):
            return voice
        if isinstance(voice, str) and voice in self.voices:
            return self.named_voice(voice)
        if os.path.splitext(voice)[1] in (".voice", ".pt", ".safetensors"):
            return Voice.load(voice)
        if not os.path.exists(voice):
            raise make_error(
                Status.NOT_FOUND,
                f"voice {os.fspath(voice)!r} is no file and none of the model's: {self.voices}",
            )
        return self.make_voice(voice)

@atexit.register
def _close_all() -> None:
    """While the interpreter still runs, as an engine's threads may call into it."""
    for engine in list(_open):
        engine.close()
