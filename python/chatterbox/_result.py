"""Speech, and what is known about it."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Any, Callable, TypeVar

from . import _abi
from ._audio import encode_audio, view, write_audio
from ._enums import AudioFormat, FinishReason
from ._library import Handle, filled, library
from ._result_records import (
    ChunkStats,
    InterventionSpan,
    Piece,
    Quality,
    ResultStats,
    StreamStats,
    Word,
)

if TYPE_CHECKING:
    import numpy as np

    from ._audio import Samples

R = TypeVar("R")


class Speech:
    """What an engine spoke. Immutable; any thread may use it.

    `numpy.asarray(speech)` is `speech.samples`, and a notebook shows a player.
    """

    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    @functools.cached_property
    def samples(self) -> Samples:
        """Mono, nominally in [-1, 1]: ndarray of float32, shape (samples,), read-only.

        The library's own memory, without a copy; empty if they went to a stream.
        """
        c = library()
        count = c.chatterbox_result_sample_count(self._handle.value)
        return view(self._handle, c.chatterbox_result_samples(self._handle.value), (count,))

    @property
    def sample_rate(self) -> int:
        """24000 Hz."""
        return int(library().chatterbox_result_sample_rate(self._handle.value))

    @property
    def duration(self) -> float:
        """Length of the speech in seconds, wherever its samples went."""
        return self.stats.samples / self.sample_rate

    def save(
        self, path: str | os.PathLike[str], format: AudioFormat | str = AudioFormat.AUTO
    ) -> None:
        """Write an audio file; the extension of `path` chooses its format: see write_audio()."""
        write_audio(path, self, format=format)

    def encode(self, format: AudioFormat | str) -> bytes:
        """Return the bytes of such a file: "wav", "flac", "vorbis", "opus" or "mp3"."""
        return encode_audio(self, format)

    def _get(self, struct: Any, name: str, *index: int) -> Any:
        function = getattr(library(), f"chatterbox_result_{name}")
        return filled(struct, lambda out, size: function(self._handle.value, *index, out, size))

    def _list(self, count: int, get: Callable[[int], R]) -> list[R]:
        return [get(i) for i in range(count)]

    @functools.cached_property
    def stats(self) -> ResultStats:
        """Counts and times."""
        return ResultStats.from_c(self._get(_abi.ResultStats, "get_stats"))

    @property
    def seed(self) -> int:
        """The seed that was used: the same one gives the same samples."""
        return self.stats.seed

    @property
    def finish_reason(self) -> FinishReason:
        """Whether the model ended the speech, or `max_new_tokens` did."""
        return self.stats.finish_reason

    @property
    def quality(self) -> Quality:
        """What can be said about the speech without listening to it."""
        return Quality.from_c(self._get(_abi.Quality, "get_quality"))

    @property
    def interventions(self) -> list[InterventionSpan]:
        """What the alignment analyzer did."""
        return self._list(
            self.quality.intervention_count,
            lambda i: InterventionSpan.from_c(self._get(_abi.Intervention, "get_intervention", i)),
        )

    @property
    def pieces(self) -> list[Piece]:
        """The pieces of a long text; empty for others."""
        return self._list(
            library().chatterbox_result_piece_count(self._handle.value),
            lambda i: Piece.from_c(self._get(_abi.Piece, "get_piece", i)),
        )

    @property
    def words(self) -> list[Word]:
        """With `word_times`: when each word is spoken."""
        return self._list(
            library().chatterbox_result_word_count(self._handle.value),
            lambda i: Word.from_c(self._get(_abi.Word, "get_word", i)),
        )

    @property
    def stream_stats(self) -> StreamStats:
        """How the samples reached a listener."""
        return StreamStats.from_c(self._get(_abi.StreamStats, "get_stream_stats"))

    @property
    def chunks(self) -> list[ChunkStats]:
        """The samples that came together."""
        return self._list(
            self.stream_stats.chunk_count,
            lambda i: ChunkStats.from_c(self._get(_abi.ChunkStats, "get_chunk", i)),
        )

    def __len__(self) -> int:
        return len(self.samples)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        samples = self.samples
        if dtype is not None and dtype != samples.dtype:
            return samples.astype(dtype)
        return samples.copy() if copy else samples

    def _repr_html_(self) -> str:
        import base64

        if not len(self):
            return repr(self)
        data = base64.b64encode(self.encode(AudioFormat.MP3)).decode()
        return f'<audio controls src="data:audio/mpeg;base64,{data}"></audio>'

    def __repr__(self) -> str:
        return f"Speech({self.duration:.2f} s, seed={self.seed})"
