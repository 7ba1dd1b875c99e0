"""The example scripts, as a user runs them."""

from __future__ import annotations

import json
import os
import pathlib
import re
import socket
import subprocess
import sys

import numpy as np

import chatterbox

EXAMPLES = pathlib.Path(__file__).resolve().parents[1] / "examples"


def run(name: str, *arguments: str) -> str:
    command = [sys.executable, str(EXAMPLES / name), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_audio_book(tmp_path: pathlib.Path) -> None:
    book = tmp_path / "book.txt"
    book.write_text("# One\nYes.\n\nNo. [pause:500ms] Good.\n# Two\nGoodbye.\n", "utf-8")
    run("audio_book.py", str(book), str(tmp_path / "out"))
    contents = json.loads((tmp_path / "out" / "chapters.json").read_text())
    assert [chapter["title"] for chapter in contents] == ["One", "Two"]
    for chapter in contents:
        audio = chatterbox.read_audio(tmp_path / "out" / chapter["file"])
        assert abs(audio.duration - chapter["seconds"]) < 0.2
    subtitles = (tmp_path / "out" / "01.srt").read_text()
    assert re.match(r"1\n00:00:00,\d{3} --> 00:00:0\d,\d{3}\nYes\.", subtitles), subtitles
    assert "Good." in subtitles


def test_batch_cloning(engine: chatterbox.Engine, tmp_path: pathlib.Path) -> None:
    for voice in ("low", "high"):
        speech = engine.synthesize("One, two, three, four.", seed=1, voice=voice)
        speech.save(tmp_path / f"{voice}.wav")
    recordings = [str(tmp_path / f"{voice}.wav") for voice in ("low", "high")]
    for _ in range(2):  # the second time with the saved voices
        run("batch_cloning.py", "Yes.", str(tmp_path / "out"), *recordings)
    low = chatterbox.read_audio(tmp_path / "out" / "low.flac").samples
    high = chatterbox.read_audio(tmp_path / "out" / "high.flac").samples
    assert len(low) != len(high) or (low != high).any()
    assert chatterbox.Voice.load(tmp_path / "out" / "low.voice").info.prompt_tokens > 0


def test_asyncio_service() -> None:
    command = [sys.executable, str(EXAMPLES / "asyncio_service.py"), "--port", "0", "--seed", "1"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as service:
        try:
            assert service.stdout is not None
            port = int(service.stdout.readline().split()[-1])
            answers = [ask(port, "Yes."), ask(port, "Yes.")]
            assert answers[0] == answers[1] and len(answers[0]) > 4800
            samples = np.frombuffer(answers[0], "<i2")
            assert np.abs(samples).max() > 300
        finally:
            service.terminate()


def ask(port: int, text: str) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
        client.sendall(text.encode() + b"\n")
        parts = []
        while part := client.recv(65536):
            parts.append(part)
        return b"".join(parts)
