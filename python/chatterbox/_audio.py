"""Audio and its files."""

from __future__ import annotations

import ctypes
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable, Union

from . import _abi
from ._enum_names import member
from ._enums import AudioFormat
from ._errors import invalid
from ._library import Handle, check, library, make_handle, to_text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ._result import Speech

    Samples = NDArray[np.float32]
    #: What functions take as audio: samples of shape (frames,) or (frames, channels), with their
    #: sample rate; what read_audio() or an engine returned; or the path of a file.
    AudioLike = Union["Audio", Speech, NDArray[Any], str, os.PathLike[str]]

#: The sample rate of all models, Hz.
SAMPLE_RATE = 24000


@dataclass(frozen=True)
class Audio:
    """Samples and their rate.

    Attributes
    ----------
    samples : ndarray of float32, shape (frames,) or (frames, channels)
        Nominally in [-1, 1].
    sample_rate : int
        Hz.
    """

    samples: Samples
    sample_rate: int = SAMPLE_RATE

    @property
    def duration(self) -> float:
        """Its length in seconds."""
        return len(self.samples) / self.sample_rate


class _Memory:
    """Memory of a handle as numpy sees it. The array keeps this object, and so the handle."""

    def __init__(self, owner: Handle, address: int, shape: tuple[int, ...]) -> None:
        self._owner = owner
        self.__array_interface__ = {
            "version": 3,
            "typestr": "<f4",
            "shape": shape,
            "data": (address, True),
        }


def view(owner: Handle, pointer: Any, shape: tuple[int, ...]) -> Samples:
    """The samples that a C pointer points to, without a copy; read-only."""
    import numpy as np

    address = ctypes.cast(pointer, ctypes.c_void_p).value
    if address is None or 0 in shape:
        return np.zeros(shape, np.float32)
    return np.asarray(_Memory(owner, address, shape))


class Source:
    """Audio as the C functions take it; keeps its samples alive."""

    def __init__(self, audio: AudioLike, sample_rate: int | None = None) -> None:
        import numpy as np

        if isinstance(audio, (str, os.PathLike)):
            audio = read_audio(audio)
        if not isinstance(audio, np.ndarray):
            given, sample_rate = sample_rate, audio.sample_rate
            if given not in (None, sample_rate):
                raise invalid(f"sample_rate is {sample_rate} in the audio, and given as {given}")
        if sample_rate is None:
            raise invalid("sample_rate must be given with an array")
        samples = audio if isinstance(audio, np.ndarray) else audio.samples
        if samples.dtype.kind != "f":
            raise invalid(f"samples must be floats in [-1, 1], got {samples.dtype}")
        if samples.ndim not in (1, 2):
            raise invalid(f"samples must be (frames,) or (frames, channels), got {samples.shape}")
        self.samples: Samples = np.ascontiguousarray(samples, np.float32)
        self.frames = len(samples)
        self.channels = samples.shape[1] if samples.ndim == 2 else 1
        self.sample_rate = sample_rate

    @property
    def pointer(self) -> Any:
        return self.samples.ctypes.data_as(ctypes.POINTER(ctypes.c_float))


def _bytes(make: Callable[[Any], int]) -> bytes:
    """The bytes of a buffer that a C function makes."""
    buffer = make_handle("chatterbox_buffer_destroy", make)
    size = library().chatterbox_buffer_size(buffer.value)
    return ctypes.string_at(library().chatterbox_buffer_data(buffer.value), size)


def _own_audio(make: Callable[[Any], int]) -> Audio:
    c = library()
    handle = make_handle("chatterbox_audio_destroy", make)
    frames = c.chatterbox_audio_frame_count(handle.value)
    channels = c.chatterbox_audio_channels(handle.value)
    shape = (frames,) if channels == 1 else (frames, channels)
    samples = view(handle, c.chatterbox_audio_samples(handle.value), shape)
    return Audio(samples, c.chatterbox_audio_sample_rate(handle.value))


def read_audio(path: str | os.PathLike[str]) -> Audio:
    """Read a WAV, FLAC, Ogg Vorbis, Opus or MP3 file, whatever its name.

    Parameters
    ----------
    path : str or path
        A file of 1 to 8 channels, 8 to 192 kHz, at most 10 minutes.

    Returns
    -------
    Audio
        Its samples, without a copy, read-only.

    Raises
    ------
    Error
        NOT_FOUND, IO: it cannot be read. BAD_AUDIO: another format, damaged, or beyond the limits.
    """
    name = to_text("path", path)
    return _own_audio(lambda out: library().chatterbox_audio_read(name, out))


def decode_audio(data: bytes) -> Audio:
    """Read the bytes of such a file."""
    return _own_audio(lambda out: library().chatterbox_audio_decode(data, len(data), out))


def write_audio(
    path: str | os.PathLike[str],
    audio: AudioLike,
    sample_rate: int | None = None,
    format: AudioFormat | str = AudioFormat.AUTO,
) -> None:
    """Write an audio file, replacing an existing one in one step; clips samples beyond [-1, 1].

    Parameters
    ----------
    path : str or path
        Its extension chooses the format, unless `format` does: .wav, .flac, .ogg, .opus, .mp3.
    audio : AudioLike
        Samples of shape (frames,) or (frames, channels), nominally in [-1, 1].
    sample_rate : int, optional
        Hz; needed with an array.
    format : AudioFormat or str
        "auto", "wav", "flac", "vorbis", "opus" or "mp3".
    """
    source = Source(audio, sample_rate)
    check(
        library().chatterbox_audio_write(
            to_text("path", path),
            member(AudioFormat, format, "format"),
            source.pointer,
            source.frames,
            source.channels,
            source.sample_rate,
        )
    )


def encode_audio(
    audio: AudioLike, format: AudioFormat | str, sample_rate: int | None = None
) -> bytes:
    """Return the bytes of the file that write_audio() writes; `format` must not be "auto"."""
    source = Source(audio, sample_rate)
    kind = member(AudioFormat, format, "format")
    return _bytes(
        lambda out: library().chatterbox_audio_encode(
            kind, source.pointer, source.frames, source.channels, source.sample_rate, out
        )
    )


class AudioWriter:
    """Writes an audio file as samples come; wherever they end, the file is complete.

    Parameters
    ----------
    to : str, path or callable
        A path; or a function that takes the file's bytes as they are made, for sockets: no byte is
        changed later, so the header of a WAV file does not say how long it is.
    format : AudioFormat or str
        See write_audio(); must be given for a function.
    channels : int
        1 to 8.
    sample_rate : int
        Hz.
    """

    def __init__(
        self,
        to: str | os.PathLike[str] | Callable[[bytes], object],
        format: AudioFormat | str = AudioFormat.AUTO,
        channels: int = 1,
        sample_rate: int = SAMPLE_RATE,
    ) -> None:
        c = library()
        kind = member(AudioFormat, format, "format")
        self._channels = channels
        self._thrown: BaseException | None = None
        if callable(to):
            sink = to

            def take(data: int, size: int, _: object) -> int:
                try:
                    sink(ctypes.string_at(data, size))
                except BaseException as error:  # nothing passes through C
                    self._thrown = error
                    return 1
                return 0

            self._take = _abi.BytesCallback(take)
            self._handle = make_handle(
                "chatterbox_audio_writer_destroy",
                lambda out: c.chatterbox_audio_writer_create_for_callback(
                    self._take, None, kind, channels, sample_rate, out
                ),
            )
        else:
            name = to_text("path", to)
            self._handle = make_handle(
                "chatterbox_audio_writer_destroy",
                lambda out: c.chatterbox_audio_writer_create(
                    name, kind, channels, sample_rate, out
                ),
            )

    def _check(self, status: int) -> None:
        if status < 0 and self._thrown is not None:
            raise self._thrown
        check(status)

    def write(self, samples: NDArray[Any]) -> None:
        """Append samples of shape (frames,) or (frames, channels)."""
        source = Source(samples, SAMPLE_RATE)
        if source.channels != self._channels:
            raise invalid(f"channels must be {self._channels}, got {source.channels}")
        self._check(
            library().chatterbox_audio_writer_write(
                self._handle.value, source.pointer, source.frames
            )
        )

    def finish(self) -> None:
        """Complete the file; a second call does nothing."""
        self._check(library().chatterbox_audio_writer_finish(self._handle.value))

    def __enter__(self) -> AudioWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.finish()
