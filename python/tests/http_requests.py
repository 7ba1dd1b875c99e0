"""Requests to a server, and their answers as a whole."""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
from dataclasses import dataclass
from email.message import Message
from typing import Any

KEY = "a-key-of-the-tests"
KEYS = f"tests {KEY} 1000\n"  # of `chatterbox serve --keys`


@dataclass
class Answer:
    status: int
    headers: Message
    body: bytes


def ask(
    port: int,
    method: str,
    path: str,
    body: dict[str, Any] | bytes | None = None,
    headers: dict[str, str] | None = None,
    begun: threading.Semaphore | None = None,
) -> Answer:
    """Ask with KEY. A dict is sent as JSON. `begun` is released when the body has begun."""
    given = {"Authorization": f"Bearer {KEY}", **(headers or {})}
    if isinstance(body, dict):
        body = json.dumps(body).encode()
        given = {"Content-Type": "application/json", **given}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
    with contextlib.closing(connection):
        connection.request(method, path, body, given)
        answer = connection.getresponse()
        first = answer.read(1000)
        if begun:
            begun.release()
        return Answer(answer.status, answer.headers, first + answer.read())


def speak(port: int, begun: threading.Semaphore | None = None, **fields: Any) -> Answer:
    return ask(port, "POST", "/v1/audio/speech", fields, begun=begun)


def form(fields: dict[str, str], file: bytes) -> tuple[bytes, dict[str, str]]:
    """The body and the header of a form with these fields, and a file."""
    parts = [(f'name="{name}"', value.encode()) for name, value in fields.items()]
    parts.append(('name="file"; filename="a"', file))
    body = b"".join(
        f"--limit\r\nContent-Disposition: form-data; {about}\r\n\r\n".encode() + data + b"\r\n"
        for about, data in parts
    )
    return body + b"--limit--\r\n", {"Content-Type": "multipart/form-data; boundary=limit"}
