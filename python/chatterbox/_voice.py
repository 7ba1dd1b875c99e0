"""Voices."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from . import _abi
from ._audio import _bytes
from ._engine_records import VoiceInfo
from ._library import Handle, check, filled, library, make_handle, to_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._engine import Engine


class Voice:
    """How a voice sounds: everything that the models take from a recording. Immutable.

    Made by from_file(), from_array() or load(), or taken from Engine.default_voice() and
    Engine.named_voice(). It outlives the engine that made it, and can be pickled.
    """

    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    @classmethod
    def from_file(
        cls,
        engine: Engine,
        path: str | os.PathLike[str],
        *,
        normalise_loudness: bool = True,
        prompt_seconds: float = 10,
    ) -> Voice:
        """Make a voice from a recording in a file: see Engine.make_voice()."""
        return engine.make_voice(
            path, normalise_loudness=normalise_loudness, prompt_seconds=prompt_seconds
        )

    @classmethod
    def from_array(
        cls,
        engine: Engine,
        samples: NDArray[Any],
        sample_rate: int,
        *,
        normalise_loudness: bool = True,
        prompt_seconds: float = 10,
    ) -> Voice:
        """Make a voice from samples of shape (frames,) or (frames, channels), in [-1, 1].

        See Engine.make_voice().
        """
        return engine.make_voice(
            samples,
            sample_rate,
            normalise_loudness=normalise_loudness,
            prompt_seconds=prompt_seconds,
        )

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Voice:
        """Read a voice that save() wrote, or a conds.pt of the original package. No engine needed.

        Raises
        ------
        Error
            NOT_FOUND, IO: the file cannot be read. BAD_VOICE: it is no voice.
        """
        name = to_text("path", path)
        return cls(
            make_handle(
                "chatterbox_voice_destroy", lambda out: library().chatterbox_voice_load(name, out)
            )
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> Voice:
        """Read the bytes of such a file."""
        return cls(
            make_handle(
                "chatterbox_voice_destroy",
                lambda out: library().chatterbox_voice_load_from_memory(data, len(data), out),
            )
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the voice to a safetensors file, replacing an existing one in one step."""
        check(library().chatterbox_voice_save(self._handle.value, to_text("path", path)))

    def to_bytes(self) -> bytes:
        """Return the bytes that save() writes."""
        return _bytes(
            lambda out: library().chatterbox_voice_save_to_memory(self._handle.value, out)
        )

    @property
    def id(self) -> str:
        """32 hexadecimal digits, equal for voices of equal content, wherever they came from."""
        return bytes(library().chatterbox_voice_id(self._handle.value)).decode()

    @property
    def info(self) -> VoiceInfo:
        """How much the models take from it."""
        c = filled(
            _abi.VoiceInfo,
            lambda out, size: library().chatterbox_voice_get_info(self._handle.value, out, size),
        )
        return VoiceInfo.from_c(c)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Voice) and self.id == other.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __reduce__(self) -> tuple[Any, ...]:
        return (Voice.from_bytes, (self.to_bytes(),))

    def __repr__(self) -> str:
        return f"Voice(id={self.id!r})"


def put_voice(c: Any, voice: Voice | None) -> None:
    """Set the member `voice` of a C struct, which from then on keeps the voice alive."""
    if voice is not None:
        c.voice = voice._handle.value
        c.kept_voice = voice
