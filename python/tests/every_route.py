"""Requests of every route of `chatterbox serve`, right ones and wrong ones."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator
from typing import Any

from http_requests import form

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEMO = ROOT / "examples" / "demo_voice" / "model"
LOW, HIGH = ((DEMO / f"{name}.voice").read_bytes() for name in ("low", "high"))


def requests() -> Iterator[tuple[Any, ...]]:
    """Method, path, body and headers: every route, and what is wrong with them."""
    yes = {"input": "Yes.", "seed": 3}
    for fields in [
        {**yes, "response_format": "flac", "stream": False},
        {**yes, "response_format": "mp3", "speed": 2, "instructions": "Loudly."},
        {**yes, "response_format": "wav", "stream_format": "sse", "model": "twin", "voice": "low"},
        {**yes, "response_format": "pcm", "voice": "nova", "model": "tts-1"},
        {},
        {**yes, "response_format": "aac"},
        {**yes, "top_p": 3},
        {**yes, "speed": 9},
        {**yes, "priority": 1},
        {**yes, "model": "none"},
        {**yes, "voice": "nobody"},
        {**yes, "voice": {"id": "../x"}},
        {**yes, "speech": 1},
        {**yes, "word_times": True},
        {"input": "x" * 100_001},
    ]:
        yield "POST", "/v1/audio/speech", fields
    yield "POST", "/v1/audio/speech", b"{", {"Content-Type": "application/json"}
    yield "POST", "/v1/audio/speech", b"{}", {"Content-Type": "text/plain"}
    yield "POST", "/v1/audio/speech", yes, {"Authorization": "Bearer wrong"}
    yield "POST", "/v1/audio/speech", yes, {"Origin": "http://evil.example"}
    yield "POST", "/v1/audio/speech", yes, {"X-Seed": "7"}
    yield "POST", "/v1/audio/speech", {"input": "Yes."}, {"X-Seed": "-7"}
    yield "POST", "/v1/audio/speech", {"input": "Yes.", "response_format": "pcm"}, {"X-Seed": "7"}
    recording = (ROOT / "tests" / "data" / "espeak_m3.wav").read_bytes()
    for fields in [
        {"seed": "4", "voice": "low", "response_format": "wav"},
        {"seed": "4", "voice": "high", "response_format": "opus", "stream": "false", "speed": "0.5"},
        {"seed": "-1"},
        {"what": "?"},
        {"model": "none"},
    ]:
        yield "POST", "/v1/audio/conversions", *form(fields, recording)
    yield "POST", "/v1/audio/conversions", *form({"voice": "low"}, b"no sound")
    yield "POST", "/v1/audio/conversions", *form({"voice": "low"}, b"")
    yield "POST", "/v1/audio/conversions", b"--x", {"Content-Type": "multipart/form-data; boundary=b"}
    yield "POST", "/v1/audio/watermark", recording, {"Content-Type": "audio/wav"}
    yield "POST", "/v1/audio/watermark", *form({}, recording)
    yield "POST", "/v1/audio/watermark", b"", {"Content-Type": "audio/wav"}
    yield "POST", "/v1/audio/watermark", b"no sound", {"Content-Type": "audio/wav"}
    yield "POST", "/v1/audio/voices", *form({"name": "-x"}, LOW)
    yield "POST", "/v1/audio/voices", *form({"name": "ann"}, b"no sound")
    yield "POST", "/v1/audio/voices", b"", {"Content-Length": str(100 << 20)}  # which never comes
    yield "DELETE", "/v1/audio/voices/nobody"
    for path in ("models", "models/twin", "models/none", "audio/models", "audio/voices", "audio/languages"):
        yield "GET", f"/v1/{path}"
    yield "HEAD", "/v1/models"
    yield "GET", "/v1/models", None, {"Authorization": ""}
    yield "GET", "/metrics", None, {"Authorization": ""}
    yield "GET", "/health/live", None, {"Authorization": ""}
    yield "GET", "/health/ready", None, {"Authorization": ""}
    yield "GET", "/", None, {"Authorization": ""}
    yield "GET", "/v1/audio/speech"
    yield "GET", "/v1/audio/speech/stream"
    yield "PUT", "/v1/audio/voices", b"x"
    yield "POST", "/v1/nothing", yes
    yield "GET", "/v1/%2e%2e/models"
    yield "GET", "/v1/models?a=1&a=2"
    yield "OPTIONS", "/v1/models"
