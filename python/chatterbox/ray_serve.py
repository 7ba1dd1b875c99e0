"""Many machines: `chatterbox serve` by Ray Serve, with the whole of its protocol.

    pip install 'ray[serve]'
    serve run chatterbox.ray_serve:app model=models/chatterbox replicas=4 voices=/shared/voices

A `Speaker` is one process, with one `chatterbox serve` as its child, whose engine batches; each lives
as long as the other. A `Front` is what Ray's proxies hand requests to. It asks Ray for a Speaker with
a free place (a lease, which lasts as long as the answer), and then passes bytes between the client
and that Speaker's server. It knows nothing of what they mean but which requests may be made again.

If a Speaker dies in the middle of a stream, the Front asks another one for the same speech and leaves
out what it has sent: the same seed gives the same bytes, so the client hears nothing of it. (The CPUs
of all machines must use the same kernels, see `engine.info`, and `slack_tokens` must be 0. Where the
bytes are others, the stream breaks off.)
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
import os
import pathlib
import random
import re
import shlex
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import ray
import ray.exceptions
from ray import serve
from ray.serve.exceptions import BackPressureError, RayServeException

from ._forwarding import ClientGone, Exchange, Message, Receive, ReplicaLost, Scope, Send, new_session
from ._metrics_text import merge
from ._relay import Address, Relay
from ._roster import Roster
from ._server_process import ServerProcess
from ._socket_bridge import Refused, bridge

#: How often a request is begun anew, with pauses of 0.1, 0.2, 0.4, ... s between.
ATTEMPTS = 6
#: Replicas that end are found out by asking them; those that come are known after so many seconds.
ROSTER_SECONDS = 5.0
log = logging.getLogger("ray.serve")


@dataclasses.dataclass
class Settings:
    """The arguments of app(); as text on the command line."""

    model: str = "demo"  # folders by name, the first is the default: "en=/models/en,fr=/models/mtl"
    replicas: int = 1
    max_replicas: int = 0  # above `replicas`: as many as the requests need
    max_batch: int = 8
    queue: int = 8  # requests that may wait in a replica
    threads: int = 0  # of a replica; 0: one for each core
    num_cpus: float = 1  # that Ray reserves for a replica
    precision: str = ""
    voices: str = ""  # a folder that all machines share, for uploaded voices
    keys: str = ""  # a file of keys, on each machine
    options: str = ""  # more options of `chatterbox serve`, as in a shell
    fronts: int = 1

    def models(self) -> list[str]:
        """Their names, as the server has them."""
        named = [item.rpartition("=") for item in self.model.split(",")]
        return [name or pathlib.Path(folder).name for name, _, folder in named]

    def arguments(self) -> list[str]:
        """Of `chatterbox serve`, but for its address and its keys."""
        limit = str(self.max_batch + self.queue)
        arguments = [word for item in self.model.split(",") for word in ("--model", item)]
        arguments += ["--max-batch", str(self.max_batch), "--max-queue", limit]
        for name, value in [("threads", self.threads), ("precision", self.precision), ("voices", self.voices)]:
            arguments += [f"--{name}", str(value)] if value else []
        if not self.keys:  # to the server all clients have one address, the Relay's
            arguments += ["--client-limit", "65536"]
        return arguments + shlex.split(self.options)


@serve.deployment
class Speaker:
    """One server. It is asked by Fronts alone."""

    async def __init__(self, settings: Settings) -> None:  # type: ignore[misc]  # Ray awaits it
        self._server = ServerProcess(settings.arguments(), settings.keys, on_end=_end_process)
        await self._server.ready()
        replica = serve.get_replica_context().replica_id.unique_id
        self._relay = Relay(replica, ray.util.get_node_ip_address(), self._server.port)
        await self._relay.start()
        await asyncio.to_thread(_roster().put, self._relay.address)

    async def check_health(self) -> None:
        await self._server.check_health()
        await asyncio.to_thread(_roster().put, self._relay.address)

    async def lease(self) -> AsyncIterator[Address]:
        """Yield an address for one connection, and end with that."""
        if model := serve.get_multiplexed_model_id():
            await self._note(model)
        lease = self._relay.lease()
        yield lease.address
        await lease.ended.wait()

    @serve.multiplexed(max_num_models_per_replica=1)  # type: ignore[untyped-decorator]
    async def _note(self, model: str) -> str:
        """So that Ray sends requests for this model here: it is loaded, while others may be idle."""
        return model


def _roster() -> Roster:
    return Roster(serve.get_replica_context().app_name)


def _end_process(why: str) -> None:
    """Ray starts another replica, and sends this one nothing meanwhile."""
    log.error("%s: so does this replica", why)
    os._exit(1)


async def _asgi(scope: Scope, receive: Receive, send: Send) -> None:
    """Ray makes this before it makes the Front."""
    if scope["type"] != "lifespan":
        front: Any = serve.get_replica_context().servable_object
        await front.answer(scope, receive, send)
        return
    while (event := (await receive())["type"]) != "lifespan.shutdown":
        await send({"type": f"{event}.complete"})
    await send({"type": "lifespan.shutdown.complete"})


@serve.deployment(max_ongoing_requests=1000)
@serve.ingress(lambda: _asgi)
class Front:
    """HTTP and WebSockets, for all routes of `chatterbox serve`."""

    def __init__(self, speakers: Any, settings: Settings) -> None:
        self._speakers = speakers
        self._models = settings.models()
        self._session = new_session()
        self._roster = _roster()
        self._addresses: list[Address] = []
        self._addresses_time = -ROSTER_SECONDS

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """An ASGI application."""
        if scope["type"] == "websocket":
            return await self._socket(scope, receive, send)
        exchange = Exchange(scope, receive, send)
        with contextlib.suppress(ClientGone):
            if exchange.method == "POST":
                await self._answer_by_lease(exchange)
            elif exchange.method == "GET" and exchange.path == "/metrics":
                await self._metrics(exchange)
            else:
                await self._answer_at_once(exchange)

    @contextlib.asynccontextmanager
    async def _lease(self, model: str = "") -> AsyncIterator[tuple[Address, asyncio.Future[Any]]]:
        """A free place at a replica; and what fails if that is lost."""
        options = {"multiplexed_model_id": model} if model else {}
        lease = self._speakers.options(stream=True, **options).lease.remote()
        try:
            address = await anext(lease)
            end = asyncio.ensure_future(anext(lease, None))
            try:
                yield address, end
            finally:
                await asyncio.wait({end}, timeout=1)  # it ends with its connection
                end.cancel()
        finally:
            lease.cancel()

    async def _answer_by_lease(self, exchange: Exchange) -> None:
        model = self._model_of(await exchange.small_body())
        for attempt in range(ATTEMPTS):
            try:
                async with self._lease(model) as (address, lost):
                    take_503 = not exchange.may_repeat or attempt + 1 == ATTEMPTS
                    return await exchange.forward(self._session, address, lost, take_503)
            except BackPressureError:
                if not exchange.begun:
                    return await exchange.refuse(429, "queue_full", "all replicas are full", 1)
            except ReplicaLost as error:
                log.warning("a replica is gone after %d bytes: %s", exchange.sent, error)
                if not exchange.may_go_on(error):
                    return await exchange.refuse_unclear()
            except (RayServeException, ray.exceptions.RayError) as error:
                log.warning("no replica answers: %s", error)
            await asyncio.sleep(0.1 * 2**attempt)
        await exchange.refuse(503, "unavailable", "no replica answers", 1)

    def _model_of(self, body: bytes) -> str:
        """The model that it names, if there are several; its server says what is wrong with it."""
        if len(self._models) == 1:
            return ""
        # In JSON, or in a form.
        found = re.search(rb'"model"(?:\s*:\s*"|\r\n\r\n)([^"\r\n]*)', body)
        name = found[1].decode("utf-8", "replace") if found else ""
        return name if name in self._models else self._models[0]

    async def _answer_at_once(self, exchange: Exchange) -> None:
        """What takes no place: any replica does it, however full they are."""
        for attempt in range(2):
            for address in await self._known(ROSTER_SECONDS * (1 - attempt)):
                take_503 = not exchange.may_repeat or attempt == 1
                try:
                    return await exchange.forward(self._session, address, take_503=take_503)
                except ReplicaLost as error:
                    await self._forget(address, error)
                    if not exchange.may_go_on(error):
                        return await exchange.refuse_unclear()
        await exchange.refuse(503, "unavailable", "no replica answers", 1)

    async def _metrics(self, exchange: Exchange) -> None:
        addresses = await self._known(0)
        asked = (exchange.fetch(self._session, address) for address in addresses)
        answers = await asyncio.gather(*asked, return_exceptions=True)
        texts: dict[str, tuple[int, str]] = {}
        for address, got in zip(addresses, answers):
            if isinstance(got, BaseException):
                await self._forget(address, got)
            else:
                texts[address.replica] = got
        if not texts or any(status != 200 for status, _ in texts.values()):
            return await self._answer_at_once(exchange)  # with what the server says
        text = merge({replica: text for replica, (_, text) in texts.items()})
        await exchange.respond(200, text.encode(), "text/plain; version=0.0.4")

    async def _known(self, max_age: float) -> list[Address]:
        """The replicas that there were not more than `max_age` seconds ago, in any order."""
        if not self._addresses or time.monotonic() - self._addresses_time >= max_age:
            self._addresses = await asyncio.to_thread(self._roster.addresses)
            self._addresses_time = time.monotonic()
        return random.sample(self._addresses, len(self._addresses))

    async def _forget(self, address: Address, error: BaseException) -> None:
        log.warning("%s does not answer: %s", address.replica, error)
        await asyncio.to_thread(self._roster.remove, address)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect

        async def refuse(message: Message) -> None:
            await send({**message, "type": f"websocket.{message['type']}"})

        # If it cannot be opened: what the server answers to the same request without its upgrade.
        headers = [item for item in scope["headers"] if not item[0].startswith(b"sec-websocket-")]
        refusal = Exchange({**scope, "method": "GET", "headers": headers}, receive, refuse)
        for attempt in range(ATTEMPTS):
            try:
                async with self._lease() as (address, _):
                    return await bridge(self._session, address, scope, receive, send)
            except Refused:
                return await self._answer_at_once(refusal)
            except BackPressureError:
                return await refusal.refuse(429, "queue_full", "all replicas are full", 1)
            except (ReplicaLost, RayServeException, ray.exceptions.RayError) as error:
                log.warning("a replica is gone before a socket was open: %s", error)
            await asyncio.sleep(0.1 * 2**attempt)
        await refusal.refuse(503, "unavailable", "no replica answers", 1)


def app(args: dict[str, str]) -> serve.Application:
    """Build the application; `args`: the fields of Settings."""
    kinds = {name: type(default) for name, default in dataclasses.asdict(Settings()).items()}
    if unknown := set(args) - set(kinds):
        raise ValueError(f"there is no setting {', '.join(unknown)}; there are {', '.join(kinds)}")
    settings = Settings(**{name: kinds[name](value) for name, value in args.items()})
    limit = settings.max_batch + settings.queue
    scaling: dict[str, Any] = {"num_replicas": settings.replicas}
    if settings.max_replicas > settings.replicas:
        scaling = {
            "autoscaling_config": {
                "min_replicas": settings.replicas,
                "max_replicas": settings.max_replicas,
                "target_ongoing_requests": max(0.7 * settings.max_batch, 1),
            }
        }
    environment = {"env_vars": {k: v for k, v in os.environ.items() if k.startswith("CHATTERBOX_")}}
    speaker: Any = Speaker
    front: Any = Front
    speakers = speaker.options(
        max_ongoing_requests=limit,
        max_queued_requests=limit * max(settings.replicas, settings.max_replicas),
        health_check_period_s=5,
        ray_actor_options={"num_cpus": settings.num_cpus, "runtime_env": environment},
        **scaling,
    ).bind(settings)
    fronts = front.options(num_replicas=settings.fronts, ray_actor_options={"num_cpus": 0})
    return fronts.bind(speakers, settings)
