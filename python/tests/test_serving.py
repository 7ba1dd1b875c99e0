"""What services have in common, without any server."""

from __future__ import annotations

import pathlib

import pytest

import chatterbox
from chatterbox import _serving
from chatterbox._errors import make_error
from chatterbox._serving import VoiceFolder, fits_one_request
from chatterbox._speech_protocol import parse_speech, to_api_error


def test_voices_are_read_once(
    engine: chatterbox.Engine, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_serving, "_MOST_VOICES", 1)
    low, high = engine.named_voice("low"), engine.named_voice("high")
    shared = tmp_path / "shared"
    assert VoiceFolder(str(shared)).add(engine, low.to_bytes()) == low.id
    voices = VoiceFolder(str(shared))  # of another replica
    assert voices.add(engine, high.to_bytes()) == high.id
    read = voices.find(engine, "", low.id)
    assert read == low
    (shared / f"{low.id}.voice").unlink()
    assert voices.find(engine, "", low.id) is read
    assert voices.find(engine, "", high.id) == high  # in the place of the other one
    for id in (low.id, "../x", "0" * 32):
        with pytest.raises(chatterbox.NotFound, match="there is no voice"):
            voices.find(engine, "", id)


def test_a_recording_becomes_a_voice(engine: chatterbox.Engine, tmp_path: pathlib.Path) -> None:
    recording = engine.synthesize("One, two, three, four, five.", seed=1, voice="low").encode("flac")
    voices = VoiceFolder(str(tmp_path))
    id = voices.add(engine, recording)
    assert voices.find(engine, "", id) == chatterbox.Voice.load(tmp_path / f"{id}.voice")


def test_names_of_voices(engine: chatterbox.Engine, tmp_path: pathlib.Path) -> None:
    voices = VoiceFolder(str(tmp_path))
    assert voices.find(engine, "", "") is None and voices.find(engine, "nova", "") is None
    assert voices.find(engine, "high", "") == engine.named_voice("high")
    with pytest.raises(chatterbox.NotFound):
        voices.find(engine, "nobody", "")


def test_what_one_request_can_speak(engine: chatterbox.Engine) -> None:
    assert fits_one_request(engine, "Yes.", {})
    assert not fits_one_request(engine, "Yes. [pause:500ms] No.", {})
    assert not fits_one_request(engine, "One, two, three. " * 50, {})


def test_a_full_queue_says_when_to_come_again() -> None:
    busy = make_error(chatterbox.Status.BUSY, "the queue is full")
    for seconds, after in [(0, 1), (2.1, 3), (9999, 600)]:
        error = to_api_error(busy, seconds)
        assert (error.status, error.code, error.retry_after) == (429, "queue_full", after)
    wrong = to_api_error(make_error(chatterbox.Status.INVALID_ARGUMENT, "top_p must be in [0, 1], got 3"))
    assert (wrong.status, wrong.param, wrong.retry_after) == (400, "top_p", 0)


def test_a_seed_is_drawn() -> None:
    seeds = {parse_speech(b'{"input": "Yes."}').options["seed"] for _ in range(3)}
    assert len(seeds) == 3
