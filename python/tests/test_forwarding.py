"""What a client gets of an answer when servers end in the middle of it, without Ray and without engines."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import re
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

pytest.importorskip(
    "aiohttp", reason="RAY IS NOT INSTALLED: bash cmake/setup.sh --tests fetches it into build/ray"
)
from chatterbox._forwarding import (  # noqa: E402
    BrokenOff,
    ClientGone,
    Exchange,
    Message,
    ReplicaLost,
    is_well,
    new_session,
)
from chatterbox._metrics_text import merge  # noqa: E402
from chatterbox._relay import PASS, Address, Relay  # noqa: E402

PAUSE = 0.02  # s
BODY = bytes(range(256)) * 40
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: audio/pcm\r\nX-Seed: 7\r\n"


def chunked(body: bytes, draw: random.Random) -> bytes:
    parts = []
    while body:
        size = draw.randint(1, 3000)
        parts.append(b"%x\r\n%b\r\n" % (len(body[:size]), body[:size]))
        body = body[size:]
    return HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(parts) + b"0\r\n\r\n"


def whole(body: bytes, status: int = 200) -> bytes:
    head = HEAD.replace(b"200", str(status).encode())
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


class Server:
    """Sends `answer`, and closes; only the beginning of it if `stops_after` so many bytes."""

    def __init__(self, answer: bytes, stops_after: int | None = None, well: bool = False) -> None:
        self._answer, self._well = answer[:stops_after], well
        self.requests: list[tuple[bytes, bytes]] = []  # head, body

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            if b"/health/live" in head:
                writer.write(whole(b"{}", 200 if self._well else 503))
                return
            if b"100-continue" in head and b" 413 " not in self._answer:
                writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            length = re.search(rb"Content-Length: (\d+)", head, re.IGNORECASE)
            is_read = length and b" 413 " not in self._answer
            self.requests.append((head, await reader.readexactly(int(length[1]) if is_read and length else 0)))
            writer.write(self._answer)
            await writer.drain()
            await asyncio.sleep(PAUSE)  # else the end could be seen before what came before it

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Address]:
        async with await asyncio.start_server(self.accept, "127.0.0.1", 0) as listener:
            yield Address("replica", "127.0.0.1", listener.sockets[0].getsockname()[1], "s" * 32)


class Client:
    """The ASGI side: what it asks, and what it has got."""

    def __init__(self, method: str = "POST", path: str = "/v1/audio/speech", body: bytes = b"{}") -> None:
        headers = [(b"host", b"here"), (b"authorization", b"Bearer k"), (b"connection", b"keep-alive")]
        headers += [(b"content-length", str(len(body)).encode())] if body else []
        scope = {"method": method, "path": path, "raw_path": path.encode(), "query_string": b"", "headers": headers}
        self._rest = [body[at : at + 100] for at in range(0, len(body), 100)]
        self.sent: list[Message] = []
        self.leaves = False
        self.exchange = Exchange(scope, self._receive, self._send)

    async def _receive(self) -> Message:
        if self.leaves:
            return {"type": "http.disconnect"}
        part = self._rest.pop(0) if self._rest else b""
        return {"type": "http.request", "body": part, "more_body": bool(self._rest)}

    async def _send(self, message: Message) -> None:
        self.sent.append(message)

    @property
    def body(self) -> bytes:
        return b"".join(message["body"] for message in self.sent[1:])

    async def ask(self, server: Server, **options: Any) -> None:
        async with new_session() as session, server.running() as address:
            await self.exchange.forward(session, address, **options)


@pytest.mark.parametrize("make", [lambda draw: chunked(BODY, draw), lambda draw: whole(BODY)])
@pytest.mark.parametrize("deaths", range(6))
@pytest.mark.parametrize("seed", range(5))
def test_each_byte_comes_once(deaths: int, seed: int, make: Callable[[random.Random], bytes]) -> None:
    draw = random.Random(seed)

    async def listen() -> None:
        client = Client()
        for _ in range(deaths):
            answer = make(draw)
            with pytest.raises(ReplicaLost):
                await client.ask(Server(answer, stops_after=draw.randrange(len(answer))))
        await client.ask(Server(make(draw)))
        assert client.body == BODY
        assert [message["type"] for message in client.sent].count("http.response.start") == 1
        assert [message["more_body"] for message in client.sent[1:]].count(False) == 1

    asyncio.run(listen())


def test_what_is_asked() -> None:
    async def ask() -> None:
        fields = {"input": "Yes. " * 100}
        client, first, second = Client(body=json.dumps(fields).encode()), Server(b""), Server(whole(BODY))
        with pytest.raises(ReplicaLost):
            await client.ask(first)
        await client.ask(second)
        (head, body), (again, body_again) = first.requests[0], second.requests[0]
        assert json.loads(body) == fields and body_again == body
        assert b"\r\nhost: here\r\n" in head.lower() and b"\r\nauthorization: Bearer k\r\n" in head
        seeds = [re.findall(rb"X-Seed: (\d+)\r\n", text) for text in (head, again)]
        assert len(seeds[0]) == 1 and seeds[0] == seeds[1] and int(seeds[0][0]) < 2**53
        assert b"keep-alive" not in head
        other = Server(whole(BODY))
        await Client().ask(other)
        assert re.findall(rb"X-Seed: (\d+)\r\n", other.requests[0][0]) != seeds[0]

    asyncio.run(ask())


@pytest.mark.parametrize(
    "other",
    [
        whole(BODY[:5000] + b"!" + BODY[5001:]),  # in what has been sent
        whole(BODY[:3000]),  # shorter than that
        whole(b"{}", 404),
    ],
)
def test_there_is_no_seam(other: bytes) -> None:
    async def listen() -> None:
        client = Client()
        with pytest.raises(ReplicaLost):
            await client.ask(Server(whole(BODY), stops_after=8000))
        before = client.body
        with pytest.raises(BrokenOff):
            await client.ask(Server(other))
        assert client.body == before and len(before) > 6000
        assert all(message["more_body"] for message in client.sent[1:])

    asyncio.run(listen())


def test_a_server_that_breaks_off_is_not_one_that_is_lost() -> None:
    async def listen() -> None:
        with pytest.raises(BrokenOff):
            await Client().ask(Server(whole(BODY), stops_after=8000, well=True))
        with pytest.raises(ReplicaLost):  # nothing had been sent
            await Client().ask(Server(b"", well=True))

    asyncio.run(listen())


def test_a_server_that_is_unable_is_passed_over() -> None:
    async def listen() -> None:
        unable = Server(whole(b'{"error": "draining"}', 503))
        client = Client()
        with pytest.raises(ReplicaLost, match="503.*draining"):
            await client.ask(unable, take_503=False)
        assert not client.exchange.begun
        await client.ask(unable)
        assert client.sent[0]["status"] == 503 and b"draining" in client.body
        client = Client()
        with pytest.raises(ReplicaLost):
            await client.ask(Server(whole(BODY), stops_after=8000))
        with pytest.raises(ReplicaLost, match="429"):  # full, and its answer is none of this request's
            await client.ask(Server(whole(b"{}", 429)))
        await client.ask(Server(whole(BODY)))
        assert client.body == BODY

    asyncio.run(listen())


def test_a_machine_that_is_gone_says_nothing() -> None:
    async def listen() -> None:
        client = Client()
        lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        class Silent(Server):
            async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                head = await reader.readuntil(b"\r\n\r\n")
                if b"/health/live" in head:
                    return writer.close()
                writer.write(whole(BODY)[:8000])
                await asyncio.sleep(0.2)
                lost.set_exception(ConnectionError("Ray says so"))
                await reader.read()
                writer.close()

        with pytest.raises(ReplicaLost):
            await asyncio.wait_for(client.ask(Silent(b""), lost=lost), 5)
        await client.ask(Server(whole(BODY)))
        assert client.body == BODY

    asyncio.run(listen())


def test_a_refused_body_is_not_read() -> None:
    async def ask() -> None:
        client = Client(body=b"x" * 100_000)
        await client.ask(Server(whole(b"too large", 413)))
        assert client.sent[0]["status"] == 413 and client.body == b"too large"
        assert len(client._rest) == 1000

    asyncio.run(ask())


def test_a_client_that_goes_while_it_sends() -> None:
    async def ask() -> None:
        client = Client(body=b"x" * 1000)
        client.leaves = True
        with pytest.raises(ClientGone):
            await client.ask(Server(whole(BODY)))

    asyncio.run(ask())


@pytest.mark.parametrize(
    ("method", "path", "may"),
    [
        ("POST", "/v1/audio/speech", True),
        ("POST", "/v1/audio/conversions/", True),
        ("POST", "/v1/audio/watermark", True),
        ("POST", "/v1/audio/voices", False),
        ("POST", "/v1/audio", False),
        ("DELETE", "/v1/audio/voices/ann", False),
        ("GET", "/v1/audio/voices", True),
    ],
)
def test_what_may_be_repeated(method: str, path: str, may: bool) -> None:
    assert Client(method, path).exchange.may_repeat == may


def test_the_relay() -> None:
    async def ask() -> None:
        server = Server(whole(BODY), well=True)
        async with new_session() as session, server.running() as behind:
            relay = Relay("one", "127.0.0.1", behind.port)
            await relay.start()
            lease = relay.lease()
            assert lease.address.replica == "one" and lease.address.ticket
            for wrong in ({}, {PASS: "0" * 32}, {PASS: relay.address.secret[:31]}):
                with pytest.raises(Exception, match="disconnected"):
                    await session.get(relay.address.url("/"), headers=wrong)
            assert server.requests == []
            assert await is_well(session, lease.address) and not lease.ended.is_set()
            client = Client()
            await client.exchange.forward(session, lease.address)
            assert client.body == BODY
            await asyncio.wait_for(lease.ended.wait(), 5)

    asyncio.run(ask())


def test_a_lease_that_nobody_takes_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatterbox._relay._FIRST_SECONDS", 0.05)

    async def wait() -> None:
        relay = Relay("one", "127.0.0.1", 1)
        await relay.start()
        await asyncio.wait_for(relay.lease().ended.wait(), 5)

    asyncio.run(wait())


def test_metrics_of_many_are_those_of_one() -> None:
    def text(count: int, model: str) -> str:
        return (
            "# HELP a_total What a is\n# TYPE a_total counter\n"
            f'a_total{{end="ok",model="{model}"}} {count}\n'
            f"# HELP b B\n# TYPE b gauge\nb {count}.5\n"
        )

    assert merge({"x": text(1, "m"), "y": text(2, "a } b")}) == (
        "# HELP a_total What a is\n# TYPE a_total counter\n"
        'a_total{replica="x",end="ok",model="m"} 1\n'
        'a_total{replica="y",end="ok",model="a } b"} 2\n'
        '# HELP b B\n# TYPE b gauge\nb{replica="x"} 1.5\nb{replica="y"} 2.5\n'
    )
