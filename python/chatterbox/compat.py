"""The classes of the original package (chatterbox-tts) over this engine.

Programs written for it run as they are, or with one import changed::

    from chatterbox.compat import ChatterboxTTS
    model = ChatterboxTTS.from_local("models/chatterbox", device="cpu")
    wav = model.generate("Hello.", audio_prompt_path="me.wav")  # tensor of float32, shape (1, samples)

Speech is a torch tensor if torch can be imported, else a numpy array of the same shape. Seeds are
drawn from torch's generator, so `torch.manual_seed()` repeats a speech, as there; the random numbers
themselves are the engine's. Beyond the original: a model may be "demo", one voice is not computed
again for the same file, generate_batch() runs its texts together, and each model has its `engine`.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from ._audio import SAMPLE_RATE
from ._engine import Engine
from ._errors import invalid
from ._model_files import languages
from ._request import Request
from ._voice import Voice

if TYPE_CHECKING:
    from typing_extensions import Self

    from ._result import Speech

    Path = str | os.PathLike[str]

__all__ = [
    "ChatterboxMultilingualTTS",
    "ChatterboxTTS",
    "ChatterboxTurboTTS",
    "ChatterboxVC",
    "Conditionals",
]

#: What the original speaks where there is no text.
NO_TEXT = "You need to add some text for me to talk."
#: A voice; Conditionals.load(path) reads a conds.pt.
Conditionals = Voice

T = TypeVar("T")


def _tensor(speech: Speech) -> Any:
    """The samples as the original returns them: (1, samples), the caller's own."""
    try:
        import torch
    except ImportError:
        return speech.samples[None].copy()
    return torch.from_numpy(speech.samples.copy()).unsqueeze(0)


def _seed() -> int:
    torch = sys.modules.get("torch")
    if torch is not None and hasattr(torch, "randint"):
        return int(torch.randint(2**62, (1,)).item())
    return random.getrandbits(62)


def _each(name: str, value: T | Sequence[T], count: int) -> list[T]:
    """One value for each text, given as a list or as one for all."""
    if not isinstance(value, (list, tuple)):
        return [value] * count  # type: ignore[list-item]
    if len(value) != count:
        raise invalid(f"{name} must be one for all or one for each of {count} texts, got {len(value)}")
    return list(value)


class _Model:
    """What the four classes share."""

    _family: str | None = None
    _repository = "ResembleAI/chatterbox"
    _files = ["ve.safetensors", "t3_cfg.safetensors", "s3gen.safetensors", "tokenizer.json", "conds.pt"]

    def __init__(self, engine: Engine, device: str) -> None:
        self.engine = engine
        self.device = device
        self.sr = SAMPLE_RATE
        info = engine.info
        self.conds: Voice | None = engine.default_voice() if info.has_default_voice else None
        self._voices: dict[tuple[Any, ...], Voice] = {}

    @classmethod
    def from_local(cls, ckpt_dir: Path, device: Any = "cpu") -> Self:
        """Load a checkpoint folder, or "demo"; `device`: "cpu", "cuda", ... ("mps" is "cpu")."""
        name = str(device)
        family = None if str(ckpt_dir) == "demo" else cls._family
        engine = Engine(ckpt_dir, device="cpu" if name == "mps" else name, family=family)
        return cls(engine, name)

    @classmethod
    def from_pretrained(cls, device: Any = "cpu") -> Self:
        """Load the published checkpoint, which huggingface_hub fetches."""
        try:
            from huggingface_hub import snapshot_download
        except ImportError as error:
            raise ImportError(
                f"pip install huggingface_hub, or download {cls._repository} and use from_local()"
            ) from error
        return cls.from_local(snapshot_download(cls._repository, allow_patterns=cls._files), device)

    def _voice(self, path: Path, normalise_loudness: bool = True) -> Voice:
        """The voice of a recording; made once as long as the file stays as it is."""
        stat = os.stat(path)
        key = (os.path.abspath(path), stat.st_mtime_ns, stat.st_size, normalise_loudness)
        if key not in self._voices:
            if len(self._voices) >= 64:
                self._voices.pop(next(iter(self._voices)))
            self._voices[key] = self.engine.make_voice(path, normalise_loudness=normalise_loudness)
        return self._voices[key]

    def _chosen(self, path: Path | None, normalise_loudness: bool = True) -> Voice:
        """The voice of `path`, which later calls use too, or the one chosen before."""
        if path:
            self.conds = self._voice(path, normalise_loudness)
        assert self.conds is not None, (
            "Please `prepare_conditionals` first or specify `audio_prompt_path`"
        )
        return self.conds

    def prepare_conditionals(self, wav_fpath: Path, exaggeration: float = 0.5) -> None:
        """Choose the voice of later calls; `exaggeration` is what each call says."""
        self.conds = self._voice(wav_fpath)

    def _speak(self, text: str, voice: Voice, **options: Any) -> Any:
        return _tensor(
            self.engine.synthesize(text if text.strip() else NO_TEXT, voice=voice, **options)
        )

    def _speak_batch(
        self, texts: Sequence[str], audio_prompt_path: Any, each: dict[str, Any], **options: Any
    ) -> list[Any]:
        count = len(texts)
        paths = _each("audio_prompt_path", audio_prompt_path, count)
        chosen = None if all(paths) else self._chosen(None)
        columns = {name: _each(name, value, count) for name, value in each.items()}
        requests: list[str | Request] = [
            Request(
                text=text if text.strip() else NO_TEXT,
                voice=self._voice(path) if path else chosen,
                seed=_seed(),
                **{name: column[i] for name, column in columns.items()},
                **options,
            )
            for i, (text, path) in enumerate(zip(texts, paths))
        ]
        return [_tensor(speech) for speech in self.engine.synthesize_batch(requests)]


class ChatterboxTTS(_Model):
    """English: chatterbox.tts.ChatterboxTTS."""

    _family = "english"

    def generate(
        self,
        text: str,
        repetition_penalty: float = 1.2,
        min_p: float = 0.05,
        top_p: float = 1.0,
        audio_prompt_path: Path | None = None,
        exaggeration: float = 0.5,
        cfg_weight: float = 0.5,
        temperature: float = 0.8,
    ) -> Any:
        """Speak a text: tensor of float32, shape (1, samples), 24 kHz. See Request for ranges."""
        return self._speak(
            text,
            self._chosen(audio_prompt_path),
            seed=_seed(),
            repetition_penalty=repetition_penalty,
            min_p=min_p,
            top_p=top_p,
            exaggeration=exaggeration,
            cfg_weight=cfg_weight,
            temperature=temperature,
        )

    def generate_batch(
        self,
        texts: Sequence[str],
        audio_prompt_path: Path | None | Sequence[Path | None] = None,
        exaggeration: float | Sequence[float] = 0.5,
        cfg_weight: float | Sequence[float] = 0.5,
        temperature: float | Sequence[float] = 0.8,
        repetition_penalty: float = 1.2,
        min_p: float = 0.05,
        top_p: float = 1.0,
    ) -> list[Any]:
        """Speak many texts together; a list gives each its own value. Returns a tensor for each."""
        return self._speak_batch(
            texts,
            audio_prompt_path,
            {"exaggeration": exaggeration, "cfg_weight": cfg_weight, "temperature": temperature},
            repetition_penalty=repetition_penalty,
            min_p=min_p,
            top_p=top_p,
        )


class ChatterboxMultilingualTTS(_Model):
    """23 languages: chatterbox.mtl_tts.ChatterboxMultilingualTTS."""

    _family = "multilingual"
    _files = ["ve.pt", "t3_mtl23ls_v2.safetensors", "s3gen.pt", "*.json", "conds.pt"]

    @classmethod
    def get_supported_languages(cls) -> dict[str, str]:
        """Return codes and names: "fr" to "French"."""
        return languages()

    def generate(
        self,
        text: str,
        language_id: str,
        audio_prompt_path: Path | None = None,
        exaggeration: float = 0.5,
        cfg_weight: float = 0.5,
        temperature: float = 0.8,
        repetition_penalty: float = 2.0,
        min_p: float = 0.05,
        top_p: float = 1.0,
    ) -> Any:
        """Speak a text in a language: tensor of float32, shape (1, samples), 24 kHz."""
        return self._speak(
            text,
            self._chosen(audio_prompt_path),
            seed=_seed(),
            language=language_id,
            repetition_penalty=repetition_penalty,
            min_p=min_p,
            top_p=top_p,
            exaggeration=exaggeration,
            cfg_weight=cfg_weight,
            temperature=temperature,
        )

    def generate_batch(
        self,
        texts: Sequence[str],
        language_id: str | Sequence[str],
        audio_prompt_path: Path | None | Sequence[Path | None] = None,
        exaggeration: float | Sequence[float] = 0.5,
        cfg_weight: float | Sequence[float] = 0.5,
        temperature: float | Sequence[float] = 0.8,
        repetition_penalty: float = 2.0,
        min_p: float = 0.05,
        top_p: float = 1.0,
    ) -> list[Any]:
        """Speak many texts together; a list gives each its own value. Returns a tensor for each."""
        return self._speak_batch(
            texts,
            audio_prompt_path,
            {
                "language": language_id,
                "exaggeration": exaggeration,
                "cfg_weight": cfg_weight,
                "temperature": temperature,
            },
            repetition_penalty=repetition_penalty,
            min_p=min_p,
            top_p=top_p,
        )


class ChatterboxTurboTTS(_Model):
    """Turbo: chatterbox.tts_turbo.ChatterboxTurboTTS."""

    _family = "turbo"
    _repository = "ResembleAI/chatterbox-turbo"
    _files = ["*.safetensors", "*.json", "*.txt", "*.pt", "*.model"]

    def prepare_conditionals(
        self, wav_fpath: Path, exaggeration: float = 0.5, norm_loudness: bool = True
    ) -> None:
        """Choose the voice of later calls."""
        self.conds = self._voice(wav_fpath, norm_loudness)

    def generate(
        self,
        text: str,
        repetition_penalty: float = 1.2,
        min_p: float = 0.0,
        top_p: float = 0.95,
        audio_prompt_path: Path | None = None,
        exaggeration: float = 0.0,
        cfg_weight: float = 0.0,
        temperature: float = 0.8,
        top_k: int = 1000,
        norm_loudness: bool = True,
    ) -> Any:
        """Speak a text: tensor of float32, shape (1, samples), 24 kHz.

        `min_p`, `exaggeration` and `cfg_weight` have no effect, as there.
        """
        return self._speak(
            text,
            self._chosen(audio_prompt_path, norm_loudness),
            seed=_seed(),
            repetition_penalty=repetition_penalty,
            top_p=top_p,
            temperature=temperature,
            top_k=top_k,
        )

    def generate_batch(
        self,
        texts: Sequence[str],
        audio_prompt_path: Path | None | Sequence[Path | None] = None,
        temperature: float | Sequence[float] = 0.8,
        repetition_penalty: float = 1.2,
        top_p: float = 0.95,
        top_k: int = 1000,
    ) -> list[Any]:
        """Speak many texts together; a list gives each its own value. Returns a tensor for each."""
        return self._speak_batch(
            texts,
            audio_prompt_path,
            {"temperature": temperature},
            repetition_penalty=repetition_penalty,
            top_p=top_p,
            top_k=top_k,
        )


class ChatterboxVC(_Model):
    """Voice conversion: chatterbox.vc.ChatterboxVC. The folder must be a whole checkpoint."""

    def set_target_voice(self, wav_fpath: Path) -> None:
        """Choose the voice of later calls."""
        self.conds = self._voice(wav_fpath)

    def generate(self, audio: Path, target_voice_path: Path | None = None) -> Any:
        """Speak a recording's words in another voice: tensor of float32, shape (1, samples)."""
        voice = self._chosen(target_voice_path)
        return _tensor(self.engine.convert(audio, voice=voice, seed=_seed()))
