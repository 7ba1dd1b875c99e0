"""Audio files, and arrays as the functions take them."""

from __future__ import annotations

import pathlib

import numpy as np
import pytest

import chatterbox

RATE = 24000
TONE = (0.5 * np.sin(np.arange(RATE) * 0.1)).astype(np.float32)


@pytest.mark.parametrize("extension", ["wav", "flac", "ogg", "opus", "mp3"])
def test_files(tmp_path: pathlib.Path, extension: str) -> None:
    path = tmp_path / f"tone.{extension}"
    chatterbox.write_audio(path, TONE, RATE)
    audio = chatterbox.read_audio(path)
    assert audio.sample_rate in (RATE, 48000)
    assert audio.duration == pytest.approx(1, abs=0.1)
    assert not audio.samples.flags.owndata and not audio.samples.flags.writeable
    if extension in ("wav", "flac"):
        np.testing.assert_allclose(audio.samples, TONE, atol=1 / 32767)


def test_memory_and_channels() -> None:
    stereo = np.stack([TONE, -TONE], axis=1)
    data = chatterbox.encode_audio(stereo, "flac", RATE)
    audio = chatterbox.decode_audio(data)
    assert audio.samples.shape == (RATE, 2)
    np.testing.assert_allclose(audio.samples, stereo, atol=1 / 32767)
    assert chatterbox.encode_audio(audio, "flac") == data


def test_other_arrays() -> None:
    # Not contiguous, and of another float type.
    other = np.repeat(TONE.astype(np.float64), 2)[::2]
    assert chatterbox.encode_audio(other, "wav", RATE) == chatterbox.encode_audio(TONE, "wav", RATE)
    with pytest.raises(chatterbox.InvalidArgument, match="floats"):
        chatterbox.encode_audio((TONE * 32767).astype(np.int16), "wav", RATE)
    with pytest.raises(chatterbox.InvalidArgument, match="sample_rate must be given"):
        chatterbox.encode_audio(TONE, "wav")
    with pytest.raises(chatterbox.InvalidArgument, match="must be one of auto, wav, flac"):
        chatterbox.encode_audio(TONE, "aiff", RATE)


def test_writer(tmp_path: pathlib.Path) -> None:
    with chatterbox.AudioWriter(tmp_path / "a.wav") as writer:
        for part in np.split(TONE, 10):
            writer.write(part)
    chatterbox.write_audio(tmp_path / "b.wav", TONE, RATE)
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()
    parts: list[bytes] = []
    with chatterbox.AudioWriter(parts.append, "mp3") as writer:
        writer.write(TONE)
    assert chatterbox.decode_audio(b"".join(parts)).duration == pytest.approx(1, abs=0.1)


def test_a_sink_that_raises() -> None:
    def full(data: bytes) -> None:
        raise OSError("no room")

    with pytest.raises(OSError, match="no room"):
        with chatterbox.AudioWriter(full, "wav") as writer:
            writer.write(TONE)


def test_what_cannot_be_read(tmp_path: pathlib.Path) -> None:
    with pytest.raises(chatterbox.NotFound) as caught:
        chatterbox.read_audio(tmp_path / "none.wav")
    assert caught.value.status == chatterbox.Status.NOT_FOUND
    with pytest.raises(chatterbox.Error) as other:
        chatterbox.decode_audio(b"RIFF")
    assert other.value.status == chatterbox.Status.BAD_AUDIO
    with pytest.raises(chatterbox.InvalidArgument, match="NUL"):
        chatterbox.read_audio("a\0b")
