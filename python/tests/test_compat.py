"""The calls of the original package's example scripts, and of its batched fork."""

from __future__ import annotations

import os
import pathlib
import random
import subprocess
from collections.abc import Callable

import numpy as np
import pytest

import chatterbox
from chatterbox.compat import ChatterboxTTS
from chatterbox.mtl_tts import ChatterboxMultilingualTTS
from chatterbox.tts_turbo import ChatterboxTurboTTS
from chatterbox.vc import ChatterboxVC

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def recording(
    engine: chatterbox.Engine, tmp_path_factory: pytest.TempPathFactory
) -> pathlib.Path:
    path = tmp_path_factory.mktemp("compat") / "prompt.wav"
    engine.synthesize("One, two, three, four, five, six.", seed=1, voice="low").save(path)
    return path


@pytest.fixture(scope="module")
def model() -> ChatterboxTTS:
    return ChatterboxTTS.from_local("demo", device="cpu")


def test_example_tts(model: ChatterboxTTS, recording: pathlib.Path) -> None:
    random.seed(1)
    wav = np.asarray(model.generate("Yes."))
    assert wav.dtype == np.float32 and wav.shape[0] == 1 and wav.shape[1] > 2400
    assert model.sr == 24000 and model.device == "cpu"
    cloned = model.generate("Yes.", audio_prompt_path=recording, exaggeration=0.7, cfg_weight=0.3)
    later = model.generate("")  # in the voice that was chosen, as there
    assert np.asarray(cloned).shape[0] == np.asarray(later).shape[0] == 1
    assert model.conds == model._voice(recording)


def test_example_vc(recording: pathlib.Path) -> None:
    model = ChatterboxVC.from_local("demo", "cpu")
    wav = np.asarray(model.generate(audio=recording, target_voice_path=recording))
    expected = chatterbox.read_audio(recording).duration * model.sr
    assert wav.shape == (1, pytest.approx(expected, rel=0.05))


def test_generate_batch(model: ChatterboxTTS, recording: pathlib.Path) -> None:
    random.seed(7)
    wavs = model.generate_batch(
        ["Yes.", "No.", "Good."],
        audio_prompt_path=[recording, None, recording],
        exaggeration=[0.3, 0.5, 0.9],
        cfg_weight=0.5,
        temperature=[0.8, 0.7, 0.0],
    )
    assert len(wavs) == 3
    random.seed(7)
    alone = model.generate("Yes.", audio_prompt_path=recording, exaggeration=0.3)
    np.testing.assert_array_equal(np.asarray(wavs[0]), np.asarray(alone))
    with pytest.raises(ValueError, match="one for each of 2 texts, got 3"):
        model.generate_batch(["Yes.", "No."], temperature=[0.1, 0.2, 0.3])


def tiny(family: str, tokenizer: str, folder: pathlib.Path) -> pathlib.Path:
    """A checkpoint folder of another family with made-up weights."""
    program = os.environ.get("CHATTERBOX_WRITE_SYNTHETIC", "")
    if not pathlib.Path(program).is_file():
        pytest.skip("CHATTERBOX_WRITE_SYNTHETIC is not set")
    data = str(ROOT / "tests" / "data" / tokenizer)
    command = [program, "--family", family, "--tokenizer", data, "tiny", str(folder)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return folder


def test_example_multilingual(tmp_path: pathlib.Path, recording: pathlib.Path) -> None:
    model = ChatterboxMultilingualTTS.from_local(tiny("multilingual", "multilingual", tmp_path), "cpu")
    assert ChatterboxMultilingualTTS.get_supported_languages()["fr"] == "French"
    model.engine.close()
    with pytest.raises(chatterbox.Cancelled):
        model.generate("Bonjour.", language_id="fr", audio_prompt_path=recording)
    model = ChatterboxMultilingualTTS.from_local(tmp_path, "cpu")
    with pytest.raises(AssertionError, match="prepare_conditionals"):
        model.generate("Bonjour.", language_id="fr")
    with pytest.raises(ValueError, match="language"):
        model.generate("Bonjour.", language_id="xx", audio_prompt_path=recording)


def test_example_turbo(tmp_path: pathlib.Path) -> None:
    model = ChatterboxTurboTTS.from_local(tiny("turbo", "turbo", tmp_path), "cpu")
    model.conds = chatterbox.Voice.load(ROOT / "examples" / "demo_voice" / "model" / "conds.pt")
    wav = model.generate("Oh [laugh] no.", temperature=0.8, top_k=1000, norm_loudness=True)
    assert np.asarray(wav).shape[0] == 1
    wavs = model.generate_batch(["Oh.", "No."], temperature=[0.5, 0.8])
    assert [np.asarray(one).shape[0] for one in wavs] == [1, 1]


def test_a_torch_tensor(run_python: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    if run_python("import torch", CHATTERBOX_LIBTORCH=None).returncode != 0:
        pytest.skip("no torch that can be imported")
    done = run_python(
        """
import torch
from chatterbox.tts import ChatterboxTTS
model = ChatterboxTTS.from_local("demo", device=torch.device("cpu"))
torch.manual_seed(42)
first = model.generate("Yes.")
torch.manual_seed(42)
assert first.dtype == torch.float32 and torch.equal(first, model.generate("Yes."))
""",
        CHATTERBOX_LIBTORCH=None,
    )
    assert done.returncode == 0, done.stderr
