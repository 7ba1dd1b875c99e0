"""`chatterbox serve` as the child of a Python process: neither outlives the other."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pathlib
import queue
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from http_requests import KEY, KEYS, ask
from processes import is_there

from chatterbox._server_process import ServerProcess

OPTIONS = ["--threads", "1"]
HOLDER = """
import asyncio, sys, time
from chatterbox._server_process import ServerProcess
server = ServerProcess(sys.argv[1:])
asyncio.run(server.ready())
print(server.pid, flush=True)
time.sleep(100)
"""


@pytest.fixture(autouse=True)
def program() -> str:
    program = os.environ.get("CHATTERBOX_PROGRAM", "")
    if not pathlib.Path(program).is_file():
        pytest.skip("CHATTERBOX_PROGRAM is not set")
    return program


@contextlib.contextmanager
def running(*options: str, keys: str = "") -> Iterator[tuple[ServerProcess, queue.Queue[str]]]:
    """A server that is ready, and what it says when it ends by itself."""
    ended: queue.Queue[str] = queue.Queue()
    server = ServerProcess([*OPTIONS, *options], keys, on_end=ended.put)
    try:
        asyncio.run(server.ready())
        yield server, ended
    finally:
        server.stop()


def is_gone(pid: int) -> bool:
    for _ in range(100):
        if not is_there(pid):
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_it_ends_with_its_parent(number: int) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLDER, *OPTIONS], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout
        pid = int(holder.stdout.readline())
        assert b"serve" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
        holder.send_signal(number)
    assert is_gone(pid)


def test_a_parent_that_ended_before(program: str) -> None:
    script = pathlib.Path(__file__).parents[1] / "chatterbox" / "_end_with_parent.py"
    command = [sys.executable, "-I", str(script), "1", program, "--version"]  # its parent is another one
    assert subprocess.run(command, capture_output=True, check=True, timeout=60).stdout == b""
    command[3] = str(os.getpid())
    assert b"chatterbox" in subprocess.run(command, capture_output=True, check=True, timeout=60).stdout


def test_the_parent_is_told_of_its_end() -> None:
    with running() as (server, ended):
        asyncio.run(server.check_health())
        os.kill(server.pid, signal.SIGKILL)
        assert "ended with -9" in ended.get(timeout=20)
        with pytest.raises(RuntimeError, match="does not answer"):
            asyncio.run(server.check_health())
    with running() as (server, ended):
        server.stop()
        assert ended.empty()


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (["--max-batch", "0"], "--max-batch"),
        (["--model", "/nowhere"], "/nowhere"),
        (["--keys", "/nowhere"], "/nowhere: the keys cannot be read"),
    ],
)
def test_what_keeps_it_from_starting(option: list[str], message: str) -> None:
    server = ServerProcess([*OPTIONS, *option])
    with pytest.raises(RuntimeError, match=message):
        asyncio.run(server.ready())


def test_keys_are_read_again(tmp_path: pathlib.Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("other a-key-that-is-another\n")
    with running(keys=str(keys)) as (server, _):
        assert ask(server.port, "GET", "/v1/models").status == 401
        keys.write_text(KEYS)
        asyncio.run(server.check_health())
        for _ in range(100):
            if ask(server.port, "GET", "/v1/models", headers={"Authorization": f"Bearer {KEY}"}).status == 200:
                break
            time.sleep(0.05)
        else:
            raise AssertionError("the new key is not known")
