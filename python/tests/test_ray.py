"""Ray Serve with two replicas of the demo model, one of which is killed under eight streams."""

from __future__ import annotations

import contextlib
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
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from every_route import DEMO, HIGH, LOW, ROOT, requests
from http_requests import KEY, KEYS, Answer, ask, form, speak
from processes import children_of, is_ours, is_there, users_of, work_of
from test_deploy import free_port
from ways_to_speak import Run, assert_same_samples, from_http, from_program, from_python, running_server

import chatterbox

os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"  # Ray's name for: this machine's own address alone
ray = pytest.importorskip(
    "ray", reason="RAY IS NOT INSTALLED: bash cmake/setup.sh --tests fetches it into build/ray"
)
from websockets.exceptions import ConnectionClosed, InvalidStatus  # noqa: E402
from websockets.sync.client import ClientConnection, connect  # noqa: E402

TEXT = "One, two, three, four, five, six, seven, eight, nine, ten, eleven, twelve, thirteen. " * 2
#: Each in another format, some as events; and a conversion.
STREAMS: list[dict[str, Any]] = [
    *({"response_format": name} for name in ("pcm", "flac", "mp3", "opus")),
    {"response_format": "wav", "speed": 1.5},
    *({"response_format": name, "stream_format": "sse"} for name in ("pcm", "opus")),
    {"response_format": "wav", "voice": "low"},
]


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
def keys(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("keys") / "keys"
    file.write_text(KEYS)
    return str(file)


@pytest.fixture(scope="module")
def port(folder: str, keys: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
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
            options = {"model": f"demo=demo,twin={DEMO}", "precision": "fp32", "threads": "1", "keys": keys}
            voices = str(tmp_path_factory.mktemp("voices"))
            serve.run(app({**options, "replicas": "2", "voices": voices}))
            yield port
            serve.shutdown()
        finally:
            ray.shutdown()


@pytest.fixture(scope="module")
def server(keys: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """`chatterbox serve` with the same options."""
    models = ("--model", "demo=demo", "--model", f"twin={DEMO}")
    with running_server(*models, "--keys", keys, "--voices", str(tmp_path_factory.mktemp("own"))) as port:
        yield port


def replica_processes() -> list[int]:
    """The processes of Speakers that this test's Ray has started."""
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if b"ServeReplica:default:Speaker" in (entry / "cmdline").read_bytes():
                if is_ours(int(entry.name)):
                    found.append(int(entry.name))
    return found


def breaks(folder: str) -> list[int]:
    """How many bytes of each stream had been sent when its replica was gone, as the Front's log says."""
    logs = pathlib.Path(folder).glob("session_2*/logs/serve/*Front*.log")
    lines = "".join(log.read_text() for log in logs)
    return [int(count) for count in re.findall(r"a replica is gone after (\d+) bytes", lines)]


def open_socket(port: int, key: str = KEY) -> ClientConnection:
    url = f"ws://127.0.0.1:{port}/v1/audio/speech/stream"
    return connect(url, max_size=None, additional_headers={"Authorization": f"Bearer {key}"})


def say(socket: ClientConnection, text: str, **options: Any) -> tuple[bytes, list[Any]]:
    """The audio and the events of one speech."""
    for message in ({"type": "start", **options}, {"type": "text", "text": text}, {"type": "end"}):
        socket.send(json.dumps(message))
    audio, events = b"", list[Any]()
    while not events or not events[-1]["type"].endswith((".done", ".error", ".cancelled")):
        message = socket.recv(timeout=120)
        if isinstance(message, bytes):
            audio += message
        else:
            events.append(json.loads(message))
    return audio, events


@pytest.mark.timeout(900)
def test_a_replica_is_killed(port: int, server: int, engine: chatterbox.Engine, folder: str) -> None:
    recording = engine.synthesize(TEXT, seed=1).encode("flac")
    heard: dict[int, Answer] = {}
    begun = threading.Semaphore(0)

    def request(at: int, index: int, seed: str = "", begun: threading.Semaphore | None = None) -> Answer:
        fields = {**STREAMS[index], **({"seed": int(seed)} if seed else {})}
        if index == len(STREAMS) - 1:
            body, headers = form({name: str(value) for name, value in fields.items()}, recording)
            return ask(at, "POST", "/v1/audio/conversions", body, headers, begun)
        return speak(at, begun, input=TEXT, **fields)

    def listen(index: int) -> None:
        heard[index] = request(port, index, str(index) if index % 2 else "", begun)

    sockets = [open_socket(port) for _ in range(4)]
    threads = [threading.Thread(target=listen, args=(index,)) for index in range(len(STREAMS))]
    for thread in threads:
        thread.start()
    for _ in range(3):
        assert begun.acquire(timeout=300)
    replicas = sorted(replica_processes(), key=lambda pid: sum(map(work_of, children_of(pid))))
    servers = children_of(replicas[1])
    assert len(replicas) == 2 and len(servers) == 1
    assert len(heard) <= 2, "the streams are too short for this test"
    os.kill(replicas[1], signal.SIGKILL)
    for thread in threads:
        thread.join(300)
    assert not any(is_there(pid) for pid in (replicas[1], *servers))
    assert max(breaks(folder)) > 0, "no stream broke off in the middle"
    seeds = [heard[index].headers["X-Seed"] for index in range(len(STREAMS))]  # the Front's, or the client's
    with ThreadPoolExecutor(len(STREAMS)) as pool:
        wanted_answers = list(pool.map(lambda index: request(server, index, seeds[index]), range(len(STREAMS))))
    for index, wanted in enumerate(wanted_answers):
        answer = heard[index]
        assert answer.status == 200 and answer.headers["Content-Type"] == wanted.headers["Content-Type"]
        assert len(answer.body) == len(wanted.body), STREAMS[index]
        assert answer.body == wanted.body, STREAMS[index]
    codes = []
    for socket in sockets:
        try:
            assert say(socket, "Yes.")[1][-1]["type"] == "speech.audio.done"
        except ConnectionClosed as closed:
            codes.append(closed.rcvd and closed.rcvd.code)
        socket.close()
    assert 1 <= len(codes) <= 3 and set(codes) == {1012}


@pytest.mark.parametrize("stream", [False, True])
def test_the_samples_are_the_same_as_elsewhere(
    port: int, server: int, engine: chatterbox.Engine, run_program: Run, tmp_path: pathlib.Path, stream: bool
) -> None:
    files = {
        "Ray": from_http(port, stream, KEY),
        "server": from_http(server, stream, KEY),
        "Python": from_python(engine, stream),
        "program": from_program(run_program, tmp_path / "out.wav", stream),
    }
    assert_same_samples(files)


def test_every_route_answers_as_the_server_does(port: int, server: int) -> None:
    # What is of one request, or of one connection: its id, and the date that Ray's proxy adds.
    left_out = {"x-request-id", "date", "server", "connection", "transfer-encoding"}
    for request in requests():
        theirs, ours = ask(server, *request), ask(port, *request)
        what = (*request[:2], str(request[2:])[:200])
        assert (ours.status, ours.body) == (theirs.status, theirs.body), (what, ours, theirs)
        headers = [
            {name.lower(): value for name, value in answer.headers.items() if name.lower() not in left_out}
            for answer in (ours, theirs)
        ]
        assert headers[0] == headers[1], what


def test_its_own_page_may_ask(port: int) -> None:
    own = {"Origin": f"http://127.0.0.1:{port}", "X-Request-Id": "mine-1"}
    answer = ask(port, "POST", "/v1/audio/speech", {"input": "Yes."}, own)
    assert answer.status == 200 and answer.headers.get_all("X-Request-Id") == ["mine-1"]


def test_a_voice_is_everywhere_at_once(port: int) -> None:
    def everywhere(**voice: Any) -> set[tuple[int, bytes]]:
        """The answers of many requests at a time, some of which each replica gets."""
        found: list[Answer] = []

        def listen() -> None:
            found.append(speak(port, input="Yes.", seed=1, response_format="pcm", **voice))

        threads = [threading.Thread(target=listen) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(100)
        assert len(found) == 6
        return {(answer.status, answer.body if answer.status == 200 else b"") for answer in found}

    def names() -> set[str]:
        answers = [ask(port, "GET", "/v1/audio/voices") for _ in range(8)]
        assert len({answer.body for answer in answers}) == 1
        return {voice["name"] for voice in json.loads(answers[0].body)["data"]}

    made = ask(port, "POST", "/v1/audio/voices", *form({"name": "ann"}, LOW))
    assert made.status == 201
    low = everywhere(voice="low")
    assert len(low) == 1 and everywhere(voice="ann") == low
    assert everywhere(voice={"id": json.loads(made.body)["id"]}, model="twin") == low
    assert ask(port, "POST", "/v1/audio/voices", *form({"name": "ann"}, HIGH)).status == 201
    assert everywhere(voice="ann") == everywhere(voice="high") != low
    assert names() == {"ann", "default", "high", "low"}
    assert ask(port, "DELETE", "/v1/audio/voices/ann").status == 200
    assert everywhere(voice="ann") == {(404, b"")}
    assert names() == {"default", "high", "low"}


def test_a_socket_speaks_as_the_servers_does(port: int, server: int) -> None:
    spoken: list[tuple[Any, ...]] = []
    for at in (port, server):
        with open_socket(at) as socket:
            audio, events = say(socket, TEXT, seed=5, voice="low")
            assert [event["type"][13:] for event in events] == ["start", "done"] and len(audio) > 48000
            again = say(socket, "Yes.", seed=6, response_format="mp3")[0]
            socket.send(json.dumps({"type": "sing"}))
            refused = json.loads(socket.recv(timeout=20))["error"]
            socket.send(json.dumps({"type": "cancel", "played": 0}))
            cancelled = json.loads(socket.recv(timeout=20))
            assert cancelled["type"] == "speech.audio.cancelled"
            with pytest.raises(ConnectionClosed) as closed:
                socket.send(b"bytes")
                socket.recv(timeout=20)
            events[0].pop("id")
            spoken.append((audio, again, events, refused, cancelled, closed.value.rcvd))
            with pytest.raises(InvalidStatus) as error:
                open_socket(at, key="wrong")
            response = error.value.response
            spoken[-1] += (response.status_code, response.body, response.headers["WWW-Authenticate"])
    assert spoken[0] == spoken[1]


def test_metrics(port: int) -> None:
    from prometheus_client.parser import text_string_to_metric_families

    speak(port, input="Yes.")
    answer = ask(port, "GET", "/metrics")
    assert answer.status == 200 and answer.headers["Content-Type"] == "text/plain; version=0.0.4"
    families = {family.name: family for family in text_string_to_metric_families(answer.body.decode())}
    spoken = [
        sample
        for sample in families["chatterbox_requests"].samples
        if sample.labels["route"] == "/v1/audio/speech" and sample.labels["end"] == "ok"
    ]
    assert sum(sample.value for sample in spoken) >= 1
    ready = families["chatterbox_engine_healthy"].samples
    assert len({sample.labels["replica"] for sample in ready}) == 2
    assert sorted(sample.labels["model"] for sample in ready) == ["demo", "demo", "twin", "twin"]


def test_a_server_that_breaks_off_is_not_asked_again(port: int, folder: str) -> None:
    before = len(breaks(folder))
    with pytest.raises(http.client.IncompleteRead):
        speak(port, input=TEXT * 20, response_format="pcm", deadline_ms=1500)
    assert len(breaks(folder)) == before


def test_a_client_that_hangs_up(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=100)
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {KEY}"}
    body = json.dumps({"input": TEXT * 20, "response_format": "pcm"})
    connection.request("POST", "/v1/audio/speech", body, headers)
    assert len(connection.getresponse().read(1000)) == 1000
    connection.close()
    socket = open_socket(port)
    socket.send(json.dumps({"type": "text", "text": TEXT * 20}))
    assert json.loads(socket.recv(timeout=100))["type"] == "speech.audio.start"
    socket.socket.close()
    for _ in range(200):
        metrics = ask(port, "GET", "/metrics").body.decode()
        if all(f'route="/v1/audio/{route}",end="disconnect"}} 1' in metrics for route in ("speech", "speech/stream")):
            if not re.search(r"^chatterbox_engine_running\{.*\} [1-9]", metrics, re.MULTILINE):
                return
        time.sleep(0.05)
    raise AssertionError(f"clients that hung up are still being spoken to: {metrics}")


@pytest.mark.timeout(900)
def test_a_small_server_refuses(port: int) -> None:
    """It has one replica, which takes one request while another waits."""
    from ray import serve

    from chatterbox.ray_serve import app

    serve.delete("default")
    serve.run(app({"replicas": "1", "max_batch": "1", "queue": "0", "threads": "1"}))
    waiting: list[Answer] = []
    thread = threading.Thread(target=lambda: waiting.append(speak(port, input="Yes.")))
    with open_socket(port):  # it has the place
        thread.start()
        time.sleep(1)
        refused = speak(port, input="Yes.")
        assert (refused.status, refused.headers["Retry-After"]) == (429, "1")
        assert json.loads(refused.body)["error"]["code"] == "queue_full"
        with pytest.raises(InvalidStatus) as error:
            open_socket(port)
        response = error.value.response
        assert (response.status_code, response.headers["Retry-After"]) == (429, "1")
        assert json.loads(response.body or b"")["error"]["code"] == "queue_full"
        for path in ("/health/ready", "/v1/models", "/metrics"):  # which take no place
            assert ask(port, "GET", path).status == 200
        assert not waiting
    thread.join(100)
    assert waiting[0].status == 200
