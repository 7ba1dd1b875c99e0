"""A way into a server that listens to its own machine alone, for those who have been told the secret."""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
from dataclasses import dataclass, replace

#: The header by which a connection says who sent it; the server behind does not look at it.
PASS = "X-Chatterbox-Pass"
_PASS = re.compile(rb"\r\n" + PASS.encode().lower() + rb": ([0-9a-f]{32})(\.[0-9]+)?\r\n", re.IGNORECASE)
_MAX_HEAD = 64 << 10  # bytes; the server's own limit is lower
_FIRST_SECONDS = 30.0  # from a lease to its connection, and from a connection to its header


@dataclass(frozen=True)
class Address:
    """Where a replica's server is reached from other machines."""

    replica: str
    host: str
    port: int
    secret: str
    ticket: str = ""  # of a lease

    def url(self, target: str, scheme: str = "http") -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}{target}"

    def headers(self) -> dict[str, str]:
        return {PASS: self.secret + self.ticket}


@dataclass(frozen=True)
class Lease:
    """An address for one connection."""

    address: Address
    ended: asyncio.Event  # set when the connection has ended, or nobody has made it


class Relay:
    """Passes each connection on, with its bytes as they are."""

    def __init__(self, replica: str, host: str, server_port: int) -> None:
        self._replica, self._host, self._server_port = replica, host, server_port
        self._secret = secrets.token_hex(16)
        self._leases: dict[str, asyncio.Event] = {}  # by ticket, of those without a connection
        self._count = 0

    async def start(self) -> None:
        """`host` is an address of this machine."""
        self._listener = await asyncio.start_server(self._accept, self._host, 0, limit=_MAX_HEAD)

    @property
    def address(self) -> Address:
        port = self._listener.sockets[0].getsockname()[1]
        return Address(self._replica, self._host, port, self._secret)

    def lease(self) -> Lease:
        self._count += 1
        lease = Lease(replace(self.address, ticket=f".{self._count}"), asyncio.Event())
        self._leases[lease.address.ticket] = lease.ended
        asyncio.get_running_loop().call_later(_FIRST_SECONDS, self._expire, lease.address.ticket)
        return lease

    def _expire(self, ticket: str) -> None:
        if ended := self._leases.pop(ticket, None):
            ended.set()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(
            OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.TimeoutError
        ):
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _FIRST_SECONDS)
            found = _PASS.search(head)
            if not found or not secrets.compare_digest(found[1].decode(), self._secret):
                return
            # Nobody has a ticket twice. A connection without one is for what takes no time.
            ended = self._leases.pop((found[2] or b"").decode(), asyncio.Event())
            try:
                await self._pass_on(head, reader, writer)
            finally:
                ended.set()

    async def _pass_on(
        self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        from_server, to_server = await asyncio.open_connection("127.0.0.1", self._server_port)
        with contextlib.closing(to_server):
            to_server.write(head)
            ways = [asyncio.ensure_future(_copy(*way)) for way in ((reader, to_server), (from_server, writer))]
            # Either end closes both: the server takes a client that closes its half for one that is gone.
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(64 << 10):
            writer.write(data)
            await writer.drain()
