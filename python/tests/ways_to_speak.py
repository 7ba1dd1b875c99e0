"""One speech, made in each way that the project has, for tests that compare them."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import pathlib
import subprocess
from collections.abc import Callable, Iterator

import pytest
from test_deploy import free_port, running, until

import chatterbox

TEXT = "One, two, three, four, five, six, seven."
SEED = 7
CHUNKS = [25, 50, 100]  # of the library; a server's first chunk is longer
Run = Callable[..., "subprocess.CompletedProcess[bytes]"]


@contextlib.contextmanager
def running_server(*options: str) -> Iterator[int]:
    """The port of `chatterbox serve`."""
    program = os.environ.get("CHATTERBOX_PROGRAM", "")
    if not pathlib.Path(program).is_file():
        pytest.skip("CHATTERBOX_PROGRAM is not set")
    port = free_port()
    command = [program, "serve", "--port", str(port), "--threads", "1", "--precision", "fp32", *options]
    with running(command):
        until(port, "/health/ready", 200)
        yield port


def from_http(port: int, stream: bool, key: str = "") -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=200)
    body = {"input": TEXT, "seed": SEED, "voice": "low", "response_format": "wav", "stream": stream}
    body |= {"chunks": CHUNKS} if stream else {}
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
    connection.request("POST", "/v1/audio/speech", json.dumps(body), headers)
    answer = connection.getresponse()
    assert answer.status == 200
    return answer.read()


def from_program(run_program: Run, out: pathlib.Path, stream: bool) -> bytes:
    options = ["--seed", str(SEED), "--voice", "low", "--threads", "1", "--output", str(out)]
    run_program("speak", TEXT, *options, *(["--stream"] if stream else []))
    return out.read_bytes()


def from_python(engine: chatterbox.Engine, stream: bool) -> bytes:
    if not stream:
        return engine.synthesize(TEXT, seed=SEED, voice="low").encode("wav")
    parts: list[bytes] = []
    with chatterbox.AudioWriter(parts.append, "wav") as writer:
        for chunk in engine.stream(TEXT, seed=SEED, voice="low"):
            writer.write(chunk.samples)
    return b"".join(parts)


def assert_same_samples(files: dict[str, bytes]) -> None:
    samples = {name: chatterbox.decode_audio(data).samples for name, data in files.items()}
    assert len(samples["Python"]) > 24_000
    for name, of in samples.items():
        assert of.tobytes() == samples["Python"].tobytes(), name
