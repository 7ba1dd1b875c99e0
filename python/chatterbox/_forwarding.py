"""A request that is sent on to a server, and to another if that is lost: each byte of the answer once."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import json
import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, MutableMapping
from typing import Any, Callable

import aiohttp
import yarl

from ._relay import PASS, Address

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[str, str]]

#: Of one connection, not of the request (RFC 9110, 7.6.1); and what this module decides itself.
_OF_A_CONNECTION = {"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "expect"}
_OURS = {PASS.lower(), "proxy-connection"}
#: Ray's proxy gives a request its id, which the server takes over, and says it in the answer.
_OF_RAY = {"x-request-id"}
#: What may be asked twice: the same seed gives the same answer. Other POSTs change something.
_SAME_AGAIN = {"/v1/audio/speech", "/v1/audio/conversions", "/v1/audio/watermark"}
#: A body that is shorter than this is read before a server is looked for, bytes.
SMALL_BODY = 1 << 20
log = logging.getLogger("ray.serve")


class ReplicaLost(Exception):
    """A server is gone, or takes nothing any more, before all of its answer was here."""


class NotReached(ReplicaLost):
    """It was gone before it was asked anything."""


class BrokenOff(Exception):
    """An answer that has begun and cannot be brought to its end."""


class ClientGone(ConnectionError):
    """Nobody waits for the answer any more."""


def new_session() -> aiohttp.ClientSession:
    """For connections to servers: one for each request."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, force_close=True),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=5),
    )


def target_of(scope: Scope) -> str:
    """Path and query as the client sent them."""
    path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
    query = scope.get("query_string", b"").decode("latin-1")
    return f"{path}?{query}" if query else path


def headers_of(scope: Scope) -> Headers:
    """The client's, but those of its connection."""
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
    return [item for item in headers if item[0].lower() not in _OF_A_CONNECTION | _OURS]


class Exchange:
    """A client's request, and how much of the answer it has."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.method: str = scope["method"]
        self.path: str = scope["path"].rstrip("/")
        self._target = target_of(scope)
        self._headers = headers_of(scope)
        self._receive, self._send = receive, send
        given = {name.lower(): value for name, value in self._headers}
        if self.method == "POST" and "x-seed" not in given:
            # So that another server makes the same of a text; 53 bits, as a browser's JSON has no more.
            self._headers.append(("X-Seed", str(secrets.randbits(53))))
        self._length = given.get("content-length", "")
        self._has_body = self._length not in ("", "0") or any(
            name.lower() == b"transfer-encoding" for name, _ in scope["headers"]
        )
        self._parts: list[bytes] = []  # of the body, as far as it has been read
        self._body_ended = not self._has_body
        self._client_gone = False
        self._status = 0  # of the answer that has begun
        self._sent, self._hash = 0, hashlib.blake2b()

    @property
    def begun(self) -> bool:
        return self._status != 0

    @property
    def sent(self) -> int:
        return self._sent

    def may_go_on(self, lost: ReplicaLost) -> bool:
        """Whether another server may be asked."""
        return self.may_repeat or isinstance(lost, NotReached)

    @property
    def may_repeat(self) -> bool:
        """Whether a second time does no harm."""
        if self.method == "POST":
            return self.path in _SAME_AGAIN
        return self.method != "DELETE"

    async def small_body(self) -> bytes:
        """The body, or its beginning if it is not known to be short."""
        if self._length.isdecimal() and int(self._length) <= SMALL_BODY:
            async for _ in self._body():
                pass
        return b"".join(self._parts)

    async def forward(
        self,
        session: aiohttp.ClientSession,
        address: Address,
        lost: asyncio.Future[Any] | None = None,
        take_503: bool = True,
    ) -> None:
        """Send the client what the server answers, but for what it has already.

        Raises ReplicaLost, after which another server may be asked, BrokenOff and ClientGone.
        `lost`: fails when the server is known to be gone. `take_503`: as an answer; else it is
        ReplicaLost.
        """
        try:
            async with self._open(session, address) as answer:
                if lost:
                    lost.add_done_callback(lambda done: _close_if_failed(done, answer))
                unwilling = {429, 503} if self.begun else set() if take_503 else {503}
                if answer.status in unwilling:
                    raise ReplicaLost(f"it answers {answer.status}: {(await answer.read())[:300]!r}")
                await self._take(answer)
        except aiohttp.ClientConnectorError as error:
            raise NotReached(str(error)) from error
        except (aiohttp.ClientError, OSError, asyncio.TimeoutError) as error:
            if self._client_gone:
                raise ClientGone("the client is gone") from error
            # A server that is well has broken its answer off: a deadline has passed, or it was unable.
            if self.begun and await is_well(session, address):
                raise BrokenOff("the server broke its answer off") from error
            raise ReplicaLost(f"{type(error).__name__} {error}") from error

    def _open(self, session: aiohttp.ClientSession, address: Address) -> Any:
        return session.request(
            self.method,
            yarl.URL(address.url(self._target), encoded=True),
            headers=[*self._headers, *address.headers().items()],
            data=self._body() if self._has_body else None,
            expect100=self._has_body and not self._body_ended,  # it is refused before it is read
            allow_redirects=False,
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
        )

    async def _body(self) -> AsyncIterator[bytes]:
        """From its beginning; what has not come yet is waited for."""
        index = 0
        while True:
            if index < len(self._parts):
                yield self._parts[index]
                index += 1
            elif self._body_ended:
                return
            else:
                message = await self._receive()
                if message["type"] == "http.disconnect":
                    self._client_gone = True
                    raise ClientGone("the client is gone")
                self._parts.append(message.get("body", b""))
                self._body_ended = not message.get("more_body", False)

    async def _take(self, answer: aiohttp.ClientResponse) -> None:
        if not self.begun:
            headers = [
                (name, value)
                for name, value in answer.raw_headers
                if name.decode("latin-1").lower() not in _OF_A_CONNECTION | _OF_RAY
            ]
            await self._send({"type": "http.response.start", "status": answer.status, "headers": headers})
            self._status = answer.status
        elif answer.status != self._status:
            raise BrokenOff(f"another server answers {answer.status}: {(await answer.read())[:300]!r}")
        had, again = self._sent, hashlib.blake2b()
        async for data in answer.content.iter_any():
            known, data = data[:had], data[had:]
            had -= len(known)
            again.update(known)
            if not data:
                continue
            self._check(again)
            self._hash.update(data)
            again.update(data)
            self._sent += len(data)
            await self._send({"type": "http.response.body", "body": data, "more_body": True})
        self._check(again)
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    def _check(self, again: Any) -> None:
        """That this answer has begun as the one before it did: other kernels, or another voice of
        that name, would make a seam."""
        if again.digest() != self._hash.digest():
            raise BrokenOff("another server gives other bytes")

    async def refuse(self, status: int, code: str, message: str, retry_after: int = 0) -> None:
        """An error in the shape of the server's own, if nothing has been sent."""
        if self.begun:
            raise BrokenOff(message)
        kind = "rate_limit_error" if status == 429 else "server_error"
        error = {"message": message, "type": kind, "param": None, "code": code}
        body = json.dumps({"error": error}).encode()
        await self.respond(status, body, "application/json", retry_after)

    async def refuse_unclear(self) -> None:
        """What changes something was sent to a server that was lost, and is not sent to another one."""
        await self.refuse(503, "unavailable", "a replica was lost, which may have done this or not", 1)

    async def respond(self, status: int, body: bytes, content_type: str, retry_after: int = 0) -> None:
        headers = [("content-type", content_type), ("content-length", str(len(body)))]
        headers += [("retry-after", str(retry_after))] if retry_after else []
        encoded = [(name.encode(), value.encode()) for name, value in headers]
        await self._send({"type": "http.response.start", "status": status, "headers": encoded})
        await self._send({"type": "http.response.body", "body": body if self.method != "HEAD" else b""})

    async def fetch(self, session: aiohttp.ClientSession, address: Address) -> tuple[int, str]:
        """Status and text of what the server answers, for whoever makes something else of it."""
        async with session.get(
            yarl.URL(address.url(self._target), encoded=True),
            headers=[*self._headers, *address.headers().items()],
        ) as answer:
            return answer.status, await answer.text()


def _close_if_failed(lost: asyncio.Future[Any], answer: aiohttp.ClientResponse) -> None:
    if not lost.cancelled() and lost.exception():
        answer.close()  # reading it fails


async def is_well(session: aiohttp.ClientSession, address: Address) -> bool:
    """Whether the server behind the address is there and able."""
    address = dataclasses.replace(address, ticket="")
    timeout = aiohttp.ClientTimeout(total=5)
    try:
        url = address.url("/health/live")
        async with session.get(url, headers=address.headers(), timeout=timeout) as answer:
            return bool(answer.status == 200)
    except (aiohttp.ClientError, OSError, asyncio.TimeoutError):
        return False
