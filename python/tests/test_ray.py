"""Ray Serve with two replicas of the demo model, one of which is killed under eight streams."""

from __future__ import annotations

import http.client
import json
import os
import pathlib
import signal
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

import chatterbox
from chatterbox._speech_protocol import Asked, Encoder, parse_speech

ray = pytest.importorskip("ray", reason="ray is not installed: pip install 'ray[serve]' python-multipart")

TEXT = "One, two, three, four, five, six, seven, eight, nine, ten, eleven, twelve, thirteen. " * 2
STREAMS = 8


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    # For machines that are slow or busy; before Ray is told anything.
    os.environ.setdefault("RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S", "120")
    os.environ.setdefault("RAY_SERVE_PROXY_HEALTH_CHECK_TIMEOUT_S", "120")
    os.environ.setdefault("RAY_worker_niceness", "0")  # as the rest of the test
    os.environ.setdefault("RAY_AUTH_MODE", "disabled")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    from ray import serve

    import ray.serve._private.api as internals

    internals.HTTP_PROXY_TIMEOUT = 300
    from chatterbox.ray_serve import app

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    paths = [str(pathlib.Path(__file__).resolve().parents[1]), os.environ.get("PYTHONPATH", "")]
    ray.init(
        num_cpus=2,
        include_dashboard=False,
        object_store_memory=100 << 20,
        runtime_env={"env_vars": {"PYTHONPATH": os.pathsep.join(paths)}},
    )
    serve.start(http_options={"host": "127.0.0.1", "port": port})
    voices = str(tmp_path_factory.mktemp("voices"))
    serve.run(app({"replicas": "2", "threads": "1", "voices": voices}))
    yield port
    serve.shutdown()
    ray.shutdown()


def ask(port: int, fields: Any) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=200)
    connection.request("POST", "/v1/audio/speech", json.dumps(fields))
    return connection.getresponse()


def expected(engine: chatterbox.Engine, seed: int) -> bytes:
    """What `chatterbox serve` sends for the same request."""
    encoder = Encoder(Asked(TEXT, format="pcm"))
    chunks = engine.stream(TEXT, seed=seed)
    return b"".join(encoder.encode(chunk.samples, []) for chunk in chunks) + encoder.finish({})


def replica_processes() -> list[int]:
    """The processes of Speakers that this test's Ray has started."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and b"ServeReplica:default:Speaker" in (entry / "cmdline").read_bytes():
                if ours(int(entry.name)):
                    found.append(int(entry.name))
        except OSError:
            continue
    return found


def ours(pid: int) -> bool:
    """Whether this process is an ancestor."""
    while pid > 1:
        if pid == os.getpid():
            return True
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
        pid = int(stat.rpartition(")")[2].split()[1])
    return False


@pytest.mark.timeout(900)
def test_a_replica_is_killed(port: int, engine: chatterbox.Engine) -> None:
    wanted = {seed: expected(engine, seed) for seed in range(STREAMS)}
    heard: dict[int, bytes] = {}
    begun = threading.Semaphore(0)
    refused: list[bytes] = []

    def listen(seed: int) -> None:
        answer = ask(port, {"input": TEXT, "seed": seed, "response_format": "pcm"})
        if answer.status != 200:
            refused.append(answer.read())
        first = answer.read(4096)  # sound has come
        begun.release()
        heard[seed] = first + answer.read()

    threads = [threading.Thread(target=listen, args=(seed,)) for seed in range(STREAMS)]
    for thread in threads:
        thread.start()
    for _ in range(STREAMS // 2):  # at both replicas, as they take turns
        assert begun.acquire(timeout=300)
    replicas = replica_processes()
    assert len(replicas) == 2
    assert len(heard) <= 1, "the streams are too short for this test"
    os.kill(replicas[0], signal.SIGKILL)
    for thread in threads:
        thread.join(300)
    assert not refused
    assert {seed: len(data) for seed, data in heard.items()} == {
        seed: len(data) for seed, data in wanted.items()
    }
    assert heard == wanted
    assert replicas[0] not in replica_processes()


def test_speech_is_the_same_as_elsewhere(port: int, engine: chatterbox.Engine) -> None:
    fields = {"input": "Yes.", "seed": 1, "response_format": "wav", "stream": False, "voice": "low"}
    answer = ask(port, fields)
    assert answer.status == 200 and answer.headers["X-Seed"] == "1"
    assert answer.headers["Content-Type"] == "audio/wav"
    ours = chatterbox.decode_audio(answer.read()).samples
    theirs = chatterbox.decode_audio(engine.synthesize("Yes.", seed=1, voice="low").encode("wav"))
    assert ours.tobytes() == theirs.samples.tobytes()


def test_events(port: int) -> None:
    answer = ask(port, {"input": "Yes.", "stream_format": "sse", "response_format": "mp3"})
    events = [json.loads(part[6:]) for part in answer.read().split(b"\n\n") if part]
    assert events[0]["type"] == "speech.audio.delta" and events[-1]["type"] == "speech.audio.done"
    assert events[-1]["usage"]["output_tokens"] > 0


def test_errors(port: int) -> None:
    for fields, status, code, param in [
        ({}, 400, "missing_parameter", "input"),
        ({"input": "Yes.", "response_format": "aac"}, 400, "unsupported_format", "response_format"),
        ({"input": "Yes.", "top_p": 3}, 400, "invalid_value", "top_p"),
        ({"input": "Yes.", "model": "none"}, 404, "model_not_found", "model"),
        ({"input": "Yes.", "voice": "nobody"}, 404, "not_found", None),
        ({"input": "Yes.", "voice": {"id": "../x"}}, 404, "not_found", None),
        ({"input": "Yes.", "speech": 1}, 400, "unknown_parameter", "speech"),
    ]:
        answer = ask(port, fields)
        error = json.loads(answer.read())["error"]
        assert (answer.status, error["code"], error["param"]) == (status, code, param), error


def test_voices_and_models(port: int, engine: chatterbox.Engine) -> None:
    voice = engine.named_voice("high")
    boundary = "a-boundary"
    body = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    ).encode() + voice.to_bytes() + f"\r\n--{boundary}--\r\n".encode()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=200)
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    connection.request("POST", "/v1/audio/voices", body, headers)
    answer = connection.getresponse()
    made = json.loads(answer.read())
    assert answer.status == 201 and made["id"] == voice.id
    fields = {"input": "Yes.", "seed": 1, "response_format": "flac", "stream": False}
    own = ask(port, {**fields, "voice": "high"}).read()
    assert ask(port, {**fields, "voice": {"id": voice.id}}).read() == own
    connection.request("GET", "/v1/models")
    models = json.loads(connection.getresponse().read())["data"]
    assert models[0]["id"] == "demo" and models[0]["voices"] == ["default", "high", "low"]
    connection.request("GET", "/health/ready")
    assert connection.getresponse().status == 200


def test_a_seed_is_drawn() -> None:
    seeds = {parse_speech(b'{"input": "Yes."}').options["seed"] for _ in range(3)}
    assert len(seeds) == 3
