"""Front and its settings without Ray's processes: what a client gets when no replica answers."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

ray = pytest.importorskip(
    "ray", reason="RAY IS NOT INSTALLED: bash cmake/setup.sh --tests fetches it into build/ray"
)
from ray.exceptions import ActorDiedError, RayTaskError  # noqa: E402
from ray.serve.exceptions import BackPressureError  # noqa: E402
from test_deploy import free_port  # noqa: E402
from test_forwarding import BODY, PAUSE, Client, Server, whole  # noqa: E402

from chatterbox import ray_serve  # noqa: E402
from chatterbox._relay import Address  # noqa: E402

FULL = BackPressureError(num_queued_requests=9, max_queued_requests=9)


class Lease:
    """What Ray gives for a call of Speaker.lease()."""

    def __init__(self, outcome: Address | Exception) -> None:
        self._items = self._yield(outcome)
        self.cancelled = False

    async def _yield(self, outcome: Address | Exception) -> AsyncIterator[Address]:
        if isinstance(outcome, Exception):
            raise outcome
        yield outcome

    def __anext__(self) -> Any:
        return self._items.__anext__()

    def __aiter__(self) -> Lease:
        return self

    def cancel(self) -> None:
        self.cancelled = True


class Speakers:
    """A handle whose replicas are these, one after the other; the last one again and again."""

    def __init__(self, outcomes: list[Address | Exception]) -> None:
        self._outcomes = outcomes
        self.options_seen: list[dict[str, Any]] = []
        self.leases: list[Lease] = []
        self.lease = self

    def options(self, **options: Any) -> Speakers:
        self.options_seen.append(options)
        return self

    def remote(self) -> Lease:
        self.leases.append(Lease(self._outcomes.pop(0) if len(self._outcomes) > 1 else self._outcomes[0]))
        return self.leases[-1]


class Roster:
    """The addresses of these replicas, but for those that are removed."""

    def __init__(self, outcomes: list[Address | Exception]) -> None:
        self._addresses = [outcome for outcome in outcomes if isinstance(outcome, Address)]

    def addresses(self) -> list[Address]:
        return list(self._addresses)

    def remove(self, address: Address) -> None:
        self._addresses.remove(address)


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The Front's pauses, which take no time."""
    asked: list[float] = []
    wait = asyncio.sleep

    async def sleep(seconds: float) -> None:
        if seconds == PAUSE:  # of a server
            await wait(seconds)
        else:
            asked.append(seconds)

    monkeypatch.setattr("chatterbox.ray_serve.asyncio.sleep", sleep)
    return asked


async def answer(client: Client, outcomes: list[Address | Exception], model: str = "demo") -> Speakers:
    """Let a Front answer a client by these replicas."""
    speakers = Speakers(outcomes)
    make: Any = ray_serve.Front.func_or_class.__wrapped__  # type: ignore[attr-defined]
    front = object.__new__(make)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ray_serve, "_roster", lambda: Roster(outcomes))
        make.__init__(front, speakers, ray_serve.Settings(model=model))
    try:
        if client.exchange.method == "POST":
            await front._answer_by_lease(client.exchange)
        else:
            await front._answer_at_once(client.exchange)
    finally:
        await front._session.close()
    return speakers


def test_a_request_goes_from_one_to_the_next(pauses: list[float]) -> None:
    async def ask() -> None:
        client = Client()
        dying, well = Server(whole(BODY), stops_after=8000), Server(whole(BODY))
        async with dying.running() as first, well.running() as second:
            speakers = await answer(client, [first, ActorDiedError(), FULL, first, second])
        assert client.body == BODY and client.sent[0]["status"] == 200
        assert all(lease.cancelled for lease in speakers.leases) and len(speakers.leases) == 5
        assert pauses == pytest.approx([0.1, 0.2, 0.4, 0.8])

    asyncio.run(ask())


@pytest.mark.parametrize(
    ("error", "status", "code", "times"),
    [
        (ActorDiedError(), 503, "unavailable", ray_serve.ATTEMPTS),
        (RayTaskError("lease", "no model", ValueError("no model")), 503, "unavailable", ray_serve.ATTEMPTS),
        (FULL, 429, "queue_full", 1),
    ],
)
def test_a_refusal_says_when_to_come_again(error: Exception, status: int, code: str, times: int) -> None:
    client = Client()
    speakers = asyncio.run(answer(client, [error]))
    assert client.sent[0]["status"] == status and (b"retry-after", b"1") in client.sent[0]["headers"]
    assert json.loads(client.body)["error"]["code"] == code
    assert len(speakers.leases) == times


@pytest.mark.parametrize(("method", "path"), [("POST", "/v1/audio/voices"), ("DELETE", "/v1/audio/voices/ann")])
def test_what_changes_something_is_not_done_twice(method: str, path: str) -> None:
    async def ask() -> None:
        client, dying, well = Client(method, path), Server(b""), Server(whole(BODY))
        async with dying.running() as first, well.running() as second:
            await answer(client, [first, second] if method == "POST" else [first, first])
        assert client.sent[0]["status"] == 503 and "done this or not" in client.body.decode()
        assert len(dying.requests) == 1 and well.requests == []
        # But one that was not reached has done nothing.
        client = Client(method, path)
        async with well.running() as second:
            await answer(client, [dataclasses.replace(second, port=free_port()), second])
        assert client.sent[0]["status"] == 200 and len(well.requests) == 1

    asyncio.run(ask())


def test_what_is_light_asks_whoever_is_there() -> None:
    async def ask() -> None:
        client, dying, well = Client("GET", "/v1/models", b""), Server(b""), Server(whole(BODY))
        async with dying.running() as first, well.running() as second:
            await answer(client, [first, ActorDiedError(), second])
        assert client.body == BODY and len(well.requests) == 1
        ready = Client("GET", "/health/ready", b"")
        async with Server(whole(b"{}", 503)).running() as unable, well.running() as second:
            await answer(ready, [unable, second])
        assert ready.sent[0]["status"] == 200
        nobody = Client("GET", "/v1/models", b"")
        await answer(nobody, [ActorDiedError()])
        assert nobody.sent[0]["status"] == 503

    asyncio.run(ask())


@pytest.mark.parametrize(
    ("models", "body", "model"),
    [
        ("demo", b'{"model": "fr"}', None),
        ("en=/e,fr=/f", b'{"input": "Yes.", "model" : "fr"}', "fr"),
        ("en=/e,fr=/f", b'{"input": "Not \\"model\\": \\"fr\\"."}', "en"),
        ("en=/e,fr=/f", b'{"model": "tts-1"}', "en"),
        ("en=/e,fr=/f", b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\nfr\r\n--b--', "fr"),
    ],
)
def test_ray_is_told_of_the_model(models: str, body: bytes, model: str | None) -> None:
    speakers = asyncio.run(answer(Client(body=body), [FULL], models))
    assert speakers.options_seen[0].get("multiplexed_model_id") == model


def test_settings() -> None:
    settings = ray_serve.Settings(model="/models/en,fr=/models/mtl", voices="/v", options='--cors "*"')
    assert settings.models() == ["en", "fr"]
    arguments = " ".join(settings.arguments())
    assert arguments.startswith("--model /models/en --model fr=/models/mtl --max-batch 8 --max-queue 16")
    assert arguments.endswith("--voices /v --client-limit 65536 --cors *") and "--threads" not in arguments
    assert "--client-limit" not in ray_serve.Settings(keys="/k").arguments()
    with pytest.raises(ValueError, match="there is no setting replica; there are model, replicas"):
        ray_serve.app({"replica": "2"})


def test_what_ray_is_told() -> None:
    asked = {"max_batch": "4", "queue": "3", "replicas": "2", "max_replicas": "5", "num_cpus": "8"}
    speaker = speaker_of(ray_serve.app(asked))
    assert speaker.max_ongoing_requests == 7 and speaker.max_queued_requests == 35
    scaling = speaker._deployment_config.autoscaling_config
    assert (scaling.min_replicas, scaling.max_replicas) == (2, 5)
    assert scaling.target_ongoing_requests == pytest.approx(2.8)
    assert speaker.ray_actor_options["num_cpus"] == 8
    assert speaker_of(ray_serve.app({"replicas": "2"})).num_replicas == 2


def speaker_of(front: Any) -> Any:
    return front._bound_deployment.init_args[0]._bound_deployment
