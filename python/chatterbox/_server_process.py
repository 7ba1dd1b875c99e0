"""`chatterbox serve` as a child of this process, which it does not outlive."""

from __future__ import annotations

import asyncio
import collections
import concurrent.futures
import http.client
import logging
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable

from .__main__ import environment, program

HOST = "127.0.0.1"
log = logging.getLogger("ray.serve")


class ServerProcess:
    """It listens on a port of its own, to this machine alone. What it says goes to the log."""

    def __init__(
        self, arguments: list[str], keys: str = "", on_end: Callable[[str], None] = log.error
    ) -> None:
        """Start it, from a thread that lives as long as it shall.

        `on_end` is called when it ends by itself after it was ready. `keys`: a file that it reads.
        """
        script = str(pathlib.Path(__file__).with_name("_end_with_parent.py"))
        command = [sys.executable, "-I", script, str(os.getpid()), program(), "serve"]
        command += ["--host", HOST, "--port", "0", *(["--keys", keys] if keys else []), *arguments]
        self._keys, self._keys_time = keys, _changed(keys)
        self._on_end = on_end
        self._ready: concurrent.futures.Future[None] = concurrent.futures.Future()
        self.port = 0
        self._process = subprocess.Popen(
            command,
            env=environment(),
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the parent
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        threading.Thread(target=self._read, daemon=True).start()

    @property
    def pid(self) -> int:
        return self._process.pid

    async def ready(self) -> None:
        """Wait until its models are loaded. RuntimeError with what it said if it ends before that."""
        await asyncio.wrap_future(self._ready)

    async def check_health(self) -> None:
        """RuntimeError if it hangs or lost its device. Keys that have changed are read again."""
        if self._keys and (changed := _changed(self._keys)) != self._keys_time:
            self._keys_time = changed
            self._process.send_signal(signal.SIGHUP)
        status, body = await asyncio.to_thread(self._get, "/health/live")
        if status != 200:
            raise RuntimeError(f"chatterbox serve is not well: {status} {body!r}")

    def stop(self) -> None:
        """Let it finish what it has, and wait for it."""
        self._on_end = log.info
        self._process.terminate()
        self._process.wait()

    def _get(self, path: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise RuntimeError(f"chatterbox serve does not answer: {error}") from error
        finally:
            connection.close()

    def _read(self) -> None:
        assert self._process.stderr is not None
        said: collections.deque[str] = collections.deque(maxlen=10)
        for line in map(str.rstrip, self._process.stderr):
            if found := re.fullmatch(r"chatterbox: listening on http://\S+:(\d+)", line):
                self.port = int(found[1])
            elif line == "chatterbox: ready":
                self._ready.set_result(None)
            else:
                said.append(line)
                log.info("%s", line)
        why = f"chatterbox serve ended with {self._process.wait()}: {' '.join(said)}"
        if self._ready.done():
            self._on_end(why)
        else:
            self._ready.set_exception(RuntimeError(why))


def _changed(file: str) -> int:
    """When it was changed; 0 if it is not there."""
    try:
        return os.stat(file).st_mtime_ns
    except OSError:
        return 0
