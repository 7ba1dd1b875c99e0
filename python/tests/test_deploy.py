"""The examples in deploy/: two servers behind a real haproxy, and the manifest against Kubernetes' own schemas."""

from __future__ import annotations

import contextlib
import http.client
import importlib.util
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator

import pytest

DEPLOY = pathlib.Path(__file__).resolve().parents[2] / "deploy"
TEXT = "One, two, three, four, five, six, seven, eight, nine, ten, eleven, twelve, thirteen."


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def get(port: int, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    with contextlib.closing(connection):
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()


def until(port: int, path: str, status: int) -> None:
    for _ in range(1200):
        with contextlib.suppress(OSError, http.client.HTTPException):
            if get(port, path)[0] == status:
                return
        time.sleep(0.05)
    raise AssertionError(f"{path} does not become {status}")


def ask(port: int, seed: int) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=100)
    body = json.dumps({"input": TEXT, "seed": seed, "response_format": "pcm"})
    connection.request("POST", "/v1/audio/speech", body, {"Content-Type": "application/json"})
    return connection.getresponse()


@contextlib.contextmanager
def running(command: list[str], **more: str) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(command, env={**os.environ, **more}, stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


@pytest.fixture
def server_program() -> str:
    program = os.environ.get("CHATTERBOX_SERVER", os.environ.get("CHATTERBOX_PROGRAM", ""))
    if shutil.which("haproxy") is None:
        pytest.skip("haproxy is not installed")
    if not pathlib.Path(program).is_file():
        pytest.skip("CHATTERBOX_PROGRAM is not set")
    if subprocess.run([program, "serve", "--help"], capture_output=True, check=False).returncode != 0:
        pytest.skip("the program has no server")
    return program


@pytest.mark.timeout(300)
def test_a_server_is_drained_behind_haproxy(server_program: str) -> None:
    ports = [free_port() for _ in range(2)]
    front = free_port()
    with contextlib.ExitStack() as stack:
        servers = [
            stack.enter_context(
                running([server_program, "serve", "--port", str(port), "--threads", "1"])
            )
            for port in ports
        ]
        for port in ports:
            until(port, "/health/ready", 200)
        addresses = {"BIND": f"127.0.0.1:{front}"}
        addresses |= {f"SERVER_{n}": f"127.0.0.1:{port}" for n, port in zip("AB", ports)}
        stack.enter_context(running(["haproxy", "-db", "-f", str(DEPLOY / "haproxy.cfg")], **addresses))
        until(front, "/health/ready", 200)
        alone = ask(front, 1).read()
        assert len(alone) > 48000

        answers = [ask(front, 1) for _ in range(4)]  # by least connections: two for each server
        begun = [answer.read(2000) for answer in answers]
        heard: dict[int, bytes] = {}

        def listen(index: int) -> None:
            heard[index] = begun[index] + answers[index].read()

        listeners = [threading.Thread(target=listen, args=(index,)) for index in range(4)]
        for listener in listeners:
            listener.start()
        servers[0].send_signal(signal.SIGTERM)
        assert ask(front, 1).read() == alone  # at the other one
        for listener in listeners:
            listener.join(100)
        assert [heard[index] == alone for index in range(4)] == [True] * 4  # none was cut off
        assert servers[0].wait(60) == 0
        assert ask(front, 1).read() == alone


def test_the_manifest() -> None:
    if importlib.util.find_spec("kubernetes_validate") is None:
        pytest.skip("kubernetes-validate is not installed")
    import kubernetes_validate
    import yaml

    documents = list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text("utf-8")))
    assert [document["kind"] for document in documents] == [
        "Deployment",
        "Service",
        "PodDisruptionBudget",
        "HorizontalPodAutoscaler",
    ]
    for document in documents:
        kubernetes_validate.validate(document, "1.31", strict=True)
    labels = documents[0]["spec"]["template"]["metadata"]["labels"]
    assert all(
        document["spec"]["selector"].get("matchLabels", document["spec"]["selector"]) == labels
        for document in documents[:3]
    )
