"""Front and Speaker without Ray's processes: what a client gets when replicas fail or are full."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from chatterbox._speech_protocol import ApiError, Asked

ray = pytest.importorskip(
    "ray", reason="RAY IS NOT INSTALLED: bash cmake/setup.sh --tests fetches it into build/ray"
)
from ray.exceptions import ActorDiedError, RayTaskError  # noqa: E402
from ray.serve.exceptions import BackPressureError  # noqa: E402
from starlette.requests import Request  # noqa: E402
from starlette.responses import Response  # noqa: E402

from chatterbox import ray_serve  # noqa: E402

SAMPLES = np.arange(1000, dtype=np.float32)


class Stream:
    """Samples in chunks of random lengths; then the usage, or an error after so many chunks."""

    def __init__(self, draw: random.Random, error: Exception | None, chunks: int) -> None:
        self._draw, self._error, self._chunks = draw, error, chunks
        self.cancelled = False

    async def __aiter__(self) -> AsyncIterator[dict[str, Any]]:
        first = 0
        while first < len(SAMPLES):
            if self._error and self._chunks == 0:
                raise self._error
            self._chunks -= 1
            end = first + self._draw.randint(1, 300)
            yield {"first": first, "samples": SAMPLES[first:end], "words": []}
            first = end
        if self._error:
            raise self._error
        yield {"usage": {}}

    def cancel(self) -> None:
        self.cancelled = True


class Speakers:
    """A handle whose first replicas end with these errors."""

    def __init__(self, draw: random.Random, errors: list[Exception]) -> None:
        self._draw, self._errors = draw, errors
        self.streams: list[Stream] = []
        self.speak = self

    def options(self, **_: Any) -> Speakers:
        return self

    def remote(self, asked: Asked) -> Stream:
        error = self._errors.pop(0) if self._errors else None
        self.streams.append(Stream(self._draw, error, self._draw.randrange(8)))
        return self.streams[-1]


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were asked for, and take no time."""
    asked: list[float] = []

    async def sleep(seconds: float) -> None:
        asked.append(seconds)

    monkeypatch.setattr("chatterbox.ray_serve.asyncio.sleep", sleep)
    return asked


def make_front(*errors: Exception, seed: int = 1) -> Any:
    speakers = Speakers(random.Random(seed), list(errors))
    return ray_serve.Front.func_or_class(speakers, ray_serve.Settings())  # type: ignore[attr-defined]


def answer(front: Any) -> Response:
    body = json.dumps({"input": "Yes.", "response_format": "wav"}).encode()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    path = {"path": "/v1/audio/speech", "query_string": b"", "headers": []}
    scope = {"type": "http", "method": "POST", "server": ("localhost", 80), **path}
    response: Response = asyncio.run(front(Request(scope, receive)))
    return response


@pytest.mark.parametrize("deaths", range(ray_serve.ATTEMPTS))
@pytest.mark.parametrize("seed", range(20))
def test_each_sample_comes_once(deaths: int, seed: int, pauses: list[float]) -> None:
    front = make_front(*[ActorDiedError()] * deaths, seed=seed)

    async def listen() -> list[dict[str, Any]]:
        return [item async for item in front._items(Asked("Yes.", model="demo"))]

    *chunks, usage = asyncio.run(listen())
    assert usage == {"usage": {}}
    np.testing.assert_array_equal(np.concatenate([chunk["samples"] for chunk in chunks]), SAMPLES)
    assert pauses == pytest.approx([0.1 * 2**n for n in range(deaths)])
    assert [stream.cancelled for stream in front._speakers.streams] == [True] * (deaths + 1)


@pytest.mark.parametrize(
    ("errors", "status", "code"),
    [
        ([ActorDiedError()] * ray_serve.ATTEMPTS, 503, "unavailable"),
        ([RayTaskError("speak", "no model", ValueError("no model"))], 503, "unavailable"),
        ([BackPressureError(num_queued_requests=9, max_queued_requests=9)], 429, "queue_full"),
        ([ApiError(429, "queue_full", "the queue is full", retry_after=1)], 429, "queue_full"),
    ],
)
def test_a_refusal_says_when_to_come_again(errors: list[Exception], status: int, code: str) -> None:
    front = make_front(*errors)
    front._speakers._draw = SimpleNamespace(randrange=lambda _: 0)  # before the first chunk
    refused = answer(front)
    assert (refused.status_code, refused.headers["Retry-After"]) == (status, "1")
    assert json.loads(bytes(refused.body))["error"]["code"] == code


@pytest.mark.parametrize(("healthy", "seconds", "well"), [(1, 0, 1), (0, 0, 0), (1, 61, 0)])
def test_health_is_the_engines(healthy: bool, seconds: float, well: bool) -> None:
    speaker = ray_serve.Speaker.func_or_class(ray_serve.Settings())  # type: ignore[attr-defined]
    speaker.check_health()  # nothing is loaded yet
    metrics = SimpleNamespace(healthy=healthy, seconds_since_step=seconds)
    speaker._engines = {"demo": SimpleNamespace(metrics=metrics)}
    if well:
        speaker.check_health()
    else:
        with pytest.raises(RuntimeError, match="hangs or lost its device"):
            speaker.check_health()


def test_settings() -> None:
    settings = ray_serve.Settings(model="/models/en,fr=/models/mtl")
    assert settings.models() == {"en": "/models/en", "fr": "/models/mtl"}
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
