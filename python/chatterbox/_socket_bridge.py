"""A client's WebSocket, and a server's: what comes at one goes out at the other."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable

import aiohttp
import yarl

from ._forwarding import Message, Receive, ReplicaLost, Scope, Send, headers_of, target_of
from ._relay import Address

#: Of RFC 6455's registry: connect again. And the codes that stand for an end which nobody sent.
SERVICE_RESTART = 1012
_NEVER_SENT = {1005, 1006, 1015}


class Refused(Exception):
    """The server did not open the socket."""


async def bridge(
    session: aiohttp.ClientSession, address: Address, scope: Scope, receive: Receive, send: Send
) -> None:
    """Until one of both ends. A server that is lost in between is a close with SERVICE_RESTART.

    What it was saying cannot be said again by another one: how a text that comes by and by is cut
    into pieces depends on when it comes. Raises Refused or ReplicaLost before the socket is open.
    """
    headers = [item for item in headers_of(scope) if not item[0].lower().startswith("sec-websocket-")]
    try:
        server = await session.ws_connect(
            yarl.URL(address.url(target_of(scope), "ws"), encoded=True),
            headers=[*headers, *address.headers().items()],
            max_msg_size=0,
        )
    except aiohttp.WSServerHandshakeError as error:
        raise Refused(str(error)) from error
    except (aiohttp.ClientError, OSError, asyncio.TimeoutError) as error:
        raise ReplicaLost(f"{type(error).__name__} {error}") from error
    async with server:
        await send({"type": "websocket.accept"})
        await _first_of(_from_client(receive, server), _from_server(server, send))


async def _first_of(*ways: Awaitable[None]) -> None:
    tasks = [asyncio.ensure_future(way) for way in ways]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _from_client(receive: Receive, server: aiohttp.ClientWebSocketResponse) -> None:
    while (message := await receive())["type"] == "websocket.receive":
        try:
            if message.get("text") is not None:
                await server.send_str(message["text"])
            else:
                await server.send_bytes(message.get("bytes") or b"")
        except (aiohttp.ClientError, OSError):
            await asyncio.Event().wait()  # whoever reads from the server tells the client
    code = message.get("code", 1000)
    await server.close(code=1000 if code in _NEVER_SENT else code)


async def _from_server(server: aiohttp.ClientWebSocketResponse, send: Send) -> None:
    while True:
        message = await server.receive()
        if message.type == aiohttp.WSMsgType.TEXT:
            await send({"type": "websocket.send", "text": message.data})
        elif message.type == aiohttp.WSMsgType.BINARY:
            await send({"type": "websocket.send", "bytes": message.data})
        else:
            break
    code, reason = SERVICE_RESTART, "the replica was lost: connect again"
    if message.type == aiohttp.WSMsgType.CLOSE and message.data not in _NEVER_SENT:
        code, reason = message.data or 1000, message.extra or ""
    closed: Message = {"type": "websocket.close", "code": code, "reason": reason}
    with contextlib.suppress(RuntimeError):  # the client has gone meanwhile
        await send(closed)
