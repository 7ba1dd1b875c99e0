"""The body of POST /v1/audio/speech, as `chatterbox serve` reads it, and its answers."""

from __future__ import annotations

import base64
import json
import re
import secrets
from dataclasses import dataclass, field
from typing import Any

from ._audio import AudioWriter
from ._enums import Status
from ._errors import Error
from ._request import RequestOptions, StreamOptions

#: Content type and AudioFormat of each format; pcm is samples of 16 bits, little-endian.
FORMATS = {
    "mp3": ("audio/mpeg", "mp3"),
    "opus": ("audio/ogg", "opus"),
    "flac": ("audio/flac", "flac"),
    "wav": ("audio/wav", "wav"),
    "pcm": ("audio/pcm", "wav"),
}
#: The options of a request and of a stream that a client may set, and their kinds.
_REQUEST = {
    "language": str,
    "seed": int,
    "text_tags": bool,
    "word_times": bool,
    "analyze_alignment": bool,
    "noise": str,
    "priority": int,
    **dict.fromkeys(("max_new_tokens", "cfm_steps", "cfg_steps", "top_k"), int),
    **dict.fromkeys(
        ("temperature", "cfg_weight", "exaggeration", "min_p", "top_p", "repetition_penalty"), float
    ),
    **dict.fromkeys(("block_size", "block_passes"), int),
    **dict.fromkeys(("schedule_shift", "early_decoding"), float),
    **dict.fromkeys(("position_noise", "prior", "fill_before_end", "normalise"), bool),
}
_STREAM = {
    "chunks": list,
    "halo": str,
    "prompt": str,
    **dict.fromkeys(("left_tokens", "right_tokens", "condition_tokens", "slack_tokens"), int),
}
_MAX_CHARACTERS = 100_000


class ApiError(Exception):
    """An answer that is an error."""

    def __init__(
        self, status: int, code: str, message: str, param: str = "", retry_after: int = 0
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.param, self.retry_after = status, code, param, retry_after

    def __reduce__(self) -> tuple[Any, ...]:
        return (ApiError, (self.status, self.code, str(self), self.param, self.retry_after))

    def to_json(self) -> dict[str, Any]:
        kind = "server_error" if self.status >= 500 else "invalid_request_error"
        if self.status == 429:
            kind = "rate_limit_error"
        fields = {"message": str(self), "type": kind, "param": self.param or None, "code": self.code}
        return {"error": fields}


_ERRORS = {
    Status.INVALID_ARGUMENT: (400, "invalid_value"),
    Status.NOT_FOUND: (404, "not_found"),
    Status.BAD_AUDIO: (422, "bad_audio"),
    Status.BAD_VOICE: (422, "bad_voice"),
    Status.NO_SPEECH: (422, "no_speech"),
    Status.BUSY: (429, "queue_full"),
    Status.DEADLINE_EXCEEDED: (504, "deadline_exceeded"),
    Status.CANCELLED: (503, "unavailable"),
    Status.DEVICE_LOST: (503, "unavailable"),
    Status.UNSUPPORTED: (501, "unsupported"),
}


def to_api_error(error: Error, queue_seconds: float = 0) -> ApiError:
    """The answer for an error of the engine."""
    status, code = _ERRORS.get(error.status, (500, "internal_error"))
    found = re.match(r"(\w+) must ", str(error))
    param = {"text": "input"}.get(found[1], found[1]) if found else ""
    retry_after = min(max(int(queue_seconds + 0.999), 1), 600) if status in (429, 503) else 0
    return ApiError(status, code, str(error), param, retry_after)


@dataclass
class Asked:
    """What a client asks for."""

    text: str
    model: str = ""
    voice: str = ""  # a name
    voice_id: str = ""  # of its content
    format: str = "mp3"
    sse: bool = False
    streams: bool = True
    pause: float = 0.15
    options: RequestOptions = field(default_factory=lambda: RequestOptions())


def _bad(param: str, message: str) -> ApiError:
    return ApiError(400, "invalid_value", f"{param} must {message}", param)


def _take(fields: dict[str, Any], name: str, kind: type, otherwise: Any = None) -> Any:
    """A field, removed; null is as if it was not there."""
    value = fields.pop(name, None)
    if value is None:
        return otherwise
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        names = {str: "a string", int: "an integer", float: "a number", bool: "true or false"}
        raise _bad(name, f"be {names.get(kind, 'a list')}, got {json.dumps(value)[:60]}")
    return value


def parse_speech(body: bytes) -> Asked:
    """Read a request; its seed is drawn if it has none, so that it can be made again."""
    try:
        fields = json.loads(body)
    except ValueError as error:
        raise ApiError(400, "invalid_json", f"the body is no JSON: {error}") from None
    if not isinstance(fields, dict):
        raise ApiError(400, "invalid_json", "the body must be a JSON object")
    asked = Asked(text=_take(fields, "input", str, ""), model=_take(fields, "model", str, ""))
    if not asked.text:
        raise ApiError(400, "missing_parameter", "input must be there: it is the text", "input")
    if len(asked.text) > _MAX_CHARACTERS:
        raise _bad("input", f"have at most {_MAX_CHARACTERS} characters, got {len(asked.text)}")
    voice = fields.pop("voice", None) or ""
    if isinstance(voice, dict) and set(voice) == {"id"}:
        asked.voice_id = str(voice["id"])
    elif isinstance(voice, str):
        asked.voice = voice
    else:
        raise _bad("voice", 'be a name or {"id": "..."}')
    asked.format = _take(fields, "response_format", str, "mp3")
    if asked.format not in FORMATS:
        names = ", ".join(FORMATS)
        message = f"response_format must be one of {names}, got {asked.format!r}"
        raise ApiError(400, "unsupported_format", message, "response_format")
    if _take(fields, "speed", float, 1.0) != 1:
        raise _bad("speed", "be 1: only chatterbox serve changes it")
    stream_format = _take(fields, "stream_format", str, "audio")
    if stream_format not in ("audio", "sse"):
        raise _bad("stream_format", f"be one of audio, sse, got {stream_format!r}")
    asked.sse, asked.streams = stream_format == "sse", _take(fields, "stream", bool, True)
    asked.pause = _take(fields, "pause", float, asked.pause)
    _take(fields, "instructions", str)  # no model of ours follows any
    options: dict[str, Any] = {
        name: value
        for name, kind in _REQUEST.items()
        if (value := _take(fields, name, kind)) is not None
    }
    if options.get("priority", 0) > 0:
        raise _bad("priority", f"be in [-100, 0], got {options['priority']}")
    if (deadline := _take(fields, "deadline_ms", int)) is not None:
        options["deadline"] = deadline / 1000
    stream = {n: v for n, kind in _STREAM.items() if (v := _take(fields, n, kind)) is not None}
    if stream:
        options["stream_options"] = StreamOptions(**stream)
    if fields:
        name = next(iter(fields))
        raise ApiError(400, "unknown_parameter", f"there is no field {name!r}", name)
    options.setdefault("seed", secrets.randbits(53))
    asked.options = RequestOptions(**options)  # type: ignore[typeddict-item]
    return asked


class Encoder:
    """Samples to the bytes of a file, as they come; or to the events of a stream."""

    def __init__(self, asked: Asked) -> None:
        self._bytes: list[bytes] = []
        self._header = 44 if asked.format == "pcm" else 0
        self._sse = asked.sse
        self._writer = AudioWriter(self._bytes.append, FORMATS[asked.format][1])

    def _taken(self) -> bytes:
        data = b"".join(self._bytes)
        self._bytes.clear()
        skipped = min(self._header, len(data))
        self._header -= skipped
        data = data[skipped:]
        if not self._sse or not data:
            return data
        return self.event({"type": "speech.audio.delta", "audio": base64.b64encode(data).decode()})

    @staticmethod
    def event(event: dict[str, Any]) -> bytes:
        return b"data: " + json.dumps(event, separators=(",", ":")).encode() + b"\n\n"

    def encode(self, samples: Any, words: list[dict[str, Any]]) -> bytes:
        """`samples`: float32, shape (samples,). `words` go before them."""
        before = self.event({"type": "speech.audio.words", "words": words}) if words else b""
        self._writer.write(samples)
        return before + self._taken()

    def finish(self, usage: dict[str, int]) -> bytes:
        self._writer.finish()
        data = self._taken()
        return data + self.event({"type": "speech.audio.done", "usage": usage}) if self._sse else data
