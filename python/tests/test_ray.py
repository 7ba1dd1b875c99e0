"""Ray Serve with two replicas of the demo model, one of which is killed under eight streams."""

from __future__ import annotations

import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from test_deploy import free_port, get
from ways_to_speak import (
    Run,
    assert_same_samples,
    from_http,
    from_program,
    from_python,
    running_server,
)

import chatterbox
from chatterbox._lists_protocol import LISTS
from chatterbox._speech_protocol import Asked, Encoder

os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"  # Ray's name for: this machine's own address alone
ray = pytest.importorskip(
    "ray", reason="RAY IS NOT INSTALLED: bash cmake/setup.sh --tests fetches it into build/ray"
)

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEMO = ROOT / "examples" / "demo_voice" / "model"
TEXT = "One, two, three, four, five, six, seven, eight, nine, ten, eleven, twelve, thirteen. " * 2
STREAMS = 8


@pytest.fixture(scope="module")
def folder() -> Iterator[str]:
    """Where Ray has its logs and sockets; all of its processes have ended after the test."""
    # Not pytest's folder: the path of a socket is 107 bytes at most.
    folder = tempfile.mkdtemp(prefix="ray.", dir="/tmp")
    yield folder
    for _ in range(600):
        if not users_of(folder):
            break
        time.sleep(0.1)
    assert users_of(folder) == [], "processes of Ray are left"
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def port(folder: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with pytest.MonkeyPatch.context() as patch:
        # For machines that are slow or busy; before Ray is told anything.
        patch.setenv("RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S", "120")
        patch.setenv("RAY_SERVE_PROXY_HEALTH_CHECK_TIMEOUT_S", "120")
        patch.setenv("RAY_worker_niceness", "0")  # as the rest of the test
        patch.setenv("RAY_AUTH_MODE", "disabled")
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        from ray import serve

        import ray.serve._private.api as internals

        patch.setattr(internals, "HTTP_PROXY_TIMEOUT", 300)
        from chatterbox.ray_serve import app

        port = free_port()
        paths = os.pathsep.join([str(ROOT / "python"), os.environ.get("PYTHONPATH", "")])
        ray.init(
            address="local",
            num_cpus=2,
            include_dashboard=False,
            object_store_memory=100 << 20,
            runtime_env={"env_vars": {"PYTHONPATH": paths}},
            _temp_dir=folder,
        )
        try:
            serve.start(http_options={"host": "127.0.0.1", "port": port})
            voices = str(tmp_path_factory.mktemp("voices"))
            models = f"demo=demo,twin={DEMO}"
            serve.run(app({"model": models, "replicas": "2", "threads": "1", "voices": voices}))
            yield port
            serve.shutdown()
        finally:
            ray.shutdown()


def users_of(folder: str) -> list[int]:
    """The processes that write their logs there."""
    found = set()
    for descriptor in pathlib.Path("/proc").glob("[0-9]*/fd/[12]"):
        try:
            if os.readlink(descriptor).startswith(folder):
                found.add(int(descriptor.parts[2]))
        except OSError:
            continue
    return sorted(found)


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


def work_of(pid: int) -> int:
    """The processor's time that it has taken."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def breaks(folder: str) -> list[int]:
    """How many samples of each stream had been sent when its replica was gone, as the Front's log says."""
    logs = pathlib.Path(folder).glob("session_2*/logs/serve/*Front*.log")
    lines = "".join(log.read_text() for log in logs)
    return [int(samples) for samples in re.findall(r"a replica is gone after (\d+) samples", lines)]


@pytest.mark.timeout(900)
def test_a_replica_is_killed(port: int, engine: chatterbox.Engine, folder: str) -> None:
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
    for _ in range(STREAMS // 2):  # at one of the replicas, while the other may still load its model
        assert begun.acquire(timeout=300)
    replicas = sorted(replica_processes(), key=work_of)
    assert len(replicas) == 2
    assert len(heard) <= 1, "the streams are too short for this test"
    os.kill(replicas[1], signal.SIGKILL)
    for thread in threads:
        thread.join(300)
    assert not refused
    assert max(breaks(folder)) > 0, "no stream broke off in the middle"
    assert {seed: len(data) for seed, data in heard.items()} == {
        seed: len(data) for seed, data in wanted.items()
    }
    assert heard == wanted
    assert replicas[1] not in replica_processes()


@pytest.mark.parametrize("stream", [False, True])
def test_the_samples_are_the_same_as_elsewhere(
    port: int, engine: chatterbox.Engine, run_program: Run, tmp_path: pathlib.Path, stream: bool
) -> None:
    files = {
        "Ray": from_http(port, stream),
        "Python": from_python(engine, stream),
        "program": from_program(run_program, tmp_path / "out.wav", stream),
    }
    with running_server() as server:
        files["server"] = from_http(server, stream)
    assert_same_samples(files)


def test_headers(port: int) -> None:
    answer = ask(port, {"input": "Yes.", "seed": 1, "response_format": "wav"})
    assert answer.status == 200 and answer.headers["X-Seed"] == "1"
    assert answer.headers["Content-Type"] == "audio/wav" and answer.headers["X-Model"] == "demo"


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
    of_twin = ask(port, {**fields, "voice": {"id": voice.id}, "model": "twin"})
    assert of_twin.headers["X-Model"] == "twin" and of_twin.read() == own
    models = json.loads(get(port, "/v1/models")[1])["data"]
    assert [model["id"] for model in models] == ["demo", "twin"]
    assert models[0]["voices"] == models[1]["voices"] == ["default", "high", "low"]
    assert get(port, "/health/ready")[0] == 200


def test_lists_are_those_of_the_server(port: int) -> None:
    with running_server("--model", "demo=demo", "--model", f"twin={DEMO}") as server:
        for path in (*LISTS, "/v1/models/twin"):
            theirs = get(server, path)[1].replace(b'"conversion",', b"")  # what Ray does not do
            assert json.loads(get(port, path)[1]) == json.loads(theirs), path


@pytest.mark.timeout(900)
def test_a_small_server_refuses(port: int) -> None:
    """It has one replica, which takes one request while another waits, and one of its models is missing."""
    from ray import serve

    from chatterbox.ray_serve import app

    serve.delete("default")
    small = {"replicas": "1", "max_batch": "1", "queue": "0", "threads": "1"}
    serve.run(app({"model": "demo=demo,none=/nowhere", **small}))
    answers: list[tuple[int, str | None]] = []

    def listen() -> None:
        answer = ask(port, {"input": TEXT, "response_format": "pcm"})
        answer.read()
        answers.append((answer.status, answer.headers["Retry-After"]))

    threads = [threading.Thread(target=listen) for _ in range(STREAMS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    assert set(answers) == {(200, None), (429, "1")}
    answer = ask(port, {"input": "Yes.", "model": "none"})
    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
    assert json.loads(answer.read())["error"]["code"] == "unavailable"
