"""Many machines: speech over HTTP by Ray Serve, in the protocol of `chatterbox serve`.

    pip install 'ray[serve]' python-multipart
    serve run chatterbox.ray_serve:app model=models/chatterbox replicas=4 voices=/shared/voices

A `Speaker` is one process with one engine, which batches; a `Front` speaks HTTP. A Speaker sends
samples, and the Front makes the file of them. If a Speaker dies in the middle of a stream, the Front
asks another one for the same speech and leaves out what it has sent: the same seed gives the same
samples, so the client hears nothing of it. (The CPUs of all machines must use the same kernels, see
`engine.info`, and `slack_tokens` must be 0.)
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import os
import pathlib
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import ray.exceptions
from ray import serve
from ray.serve.exceptions import BackPressureError, RayServeException
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response, StreamingResponse

from ._engine import Engine
from ._errors import Error
from ._job import Job
from ._lists_protocol import LISTS, Facts, answer_list, facts_of
from ._serving import VoiceFolder, fits_one_request
from ._speech_protocol import FORMATS, ApiError, Asked, Encoder, parse_speech, to_api_error
from ._threads import in_thread

#: How often a speech is begun anew, with pauses of 0.1, 0.2, 0.4, ... s between.
ATTEMPTS = 6
#: Without progress for so long, an engine is not well, s.
MAX_STEP_SECONDS = 60.0
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
    fronts: int = 1

    def models(self) -> dict[str, str]:
        named = [item.rpartition("=") for item in self.model.split(",")]
        return {name or pathlib.Path(folder).name: folder for name, _, folder in named}


@serve.deployment
class Speaker:
    """One engine. It is asked by Fronts alone."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._engines: dict[str, Engine] = {}
        self._voices = VoiceFolder(settings.voices)

    @serve.multiplexed(max_num_models_per_replica=1)  # type: ignore[untyped-decorator]
    async def _engine(self, name: str) -> Engine:
        settings = self._settings

        def load() -> Engine:
            return Engine(
                settings.models()[name],
                max_batch=settings.max_batch,
                max_queue=settings.max_batch + settings.queue,
                threads=settings.threads or None,
                precision=settings.precision or None,
            )

        # The one before it lives as long as its streams.
        self._engines = {name: await in_thread(load, lambda: None)}
        return self._engines[name]

    def check_health(self) -> None:
        for engine in self._engines.values():
            metrics = engine.metrics
            if not metrics.healthy or metrics.seconds_since_step > MAX_STEP_SECONDS:
                raise RuntimeError(f"the engine hangs or lost its device: {metrics}")

    async def speak(self, asked: Asked) -> AsyncIterator[dict[str, Any]]:
        """Yield samples with the index of the first; then the usage. Errors are yielded, too."""
        engine = await self._engine(asked.model)
        job: Job | None = None
        try:
            job = engine.submit(
                asked.text,
                voice=self._voices.find(engine, asked.voice, asked.voice_id),
                long=not fits_one_request(engine, asked.text, asked.options),
                pause=asked.pause,
                stream="chunks" if asked.streams else "none",
                **asked.options,
            )
            if asked.streams:
                async for chunk in job:
                    words = [dataclasses.asdict(word) for word in chunk.words]
                    yield {"first": chunk.first_sample, "samples": chunk.samples, "words": words}
            speech = await job
            if not asked.streams:
                yield {"first": 0, "samples": speech.samples.copy(), "words": []}
            tokens = (speech.stats.text_tokens, speech.stats.speech_tokens)
            usage = {"input_tokens": tokens[0], "output_tokens": tokens[1], "total_tokens": sum(tokens)}
            yield {"usage": usage}
        except Error as error:
            yield {"error": to_api_error(error, engine.metrics.queue_seconds)}
        finally:
            if job is not None:
                job.cancel()  # the client is gone; a job that is done does not change

    async def add_voice(self, model: str, data: bytes) -> str | ApiError:
        """Keep the voice of a recording, or a saved voice, under the id of its content."""
        engine = await self._engine(model)

        try:
            return await in_thread(lambda: self._voices.add(engine, data), lambda: None)
        except Error as error:
            return to_api_error(error)

    async def facts(self, model: str) -> Facts:
        return facts_of(model, await self._engine(model))


@serve.deployment(max_ongoing_requests=1000)
class Front:
    """HTTP: POST /v1/audio/speech and /v1/audio/voices, the lists of GET, /health/live and ready."""

    def __init__(self, speakers: Any, settings: Settings) -> None:
        self._speakers = speakers
        self._settings = settings

    async def __call__(self, request: HttpRequest) -> Response:
        try:
            return await self._answer(request)
        except BackPressureError:
            error = ApiError(429, "queue_full", "all replicas are full", retry_after=1)
        except ApiError as refused:
            error = refused
        except (RayServeException, ray.exceptions.RayError) as failed:
            log.error("no replica answers: %s", failed)
            error = ApiError(503, "unavailable", "no replica answers", retry_after=1)
        headers = {"Retry-After": str(error.retry_after)} if error.retry_after else {}
        return JSONResponse(error.to_json(), error.status, headers)

    async def _answer(self, request: HttpRequest) -> Response:
        route = (request.method, request.url.path.rstrip("/"))
        if route == ("POST", "/v1/audio/speech"):
            return await self._speech(parse_speech(await request.body()))
        if route == ("POST", "/v1/audio/voices"):
            return await self._add_voice(request)
        if route in (("GET", "/health/live"), ("GET", "/health/ready")):
            return JSONResponse({"status": "ok"})
        if route[0] == "GET" and route[1] in LISTS:
            models = [await self._facts(name) for name in self._settings.models()]
            return JSONResponse(answer_list(route[1], models))
        if route[0] == "GET" and route[1].startswith("/v1/models/"):
            return JSONResponse(await self._facts(self._model(route[1].rpartition("/")[2])))
        raise ApiError(404, "not_found", f"there is no {request.method} {request.url.path}")

    async def _facts(self, name: str) -> Facts:
        facts: Facts = await self._with(name).facts.remote(name)
        return facts

    def _with(self, model: str, **options: Any) -> Any:
        return self._speakers.options(multiplexed_model_id=model, **options)

    def _model(self, name: str) -> str:
        """Clients send the names of OpenAI's models whatever they are told."""
        names = self._settings.models()
        if name in names:
            return name
        if not name or name.startswith(("tts-1", "gpt-4o-mini-tts")):
            return next(iter(names))
        raise ApiError(404, "model_not_found", f"there is no model {name!r}", "model")

    async def _speech(self, asked: Asked) -> Response:
        asked.model = self._model(asked.model)
        items = self._items(asked)
        first = await anext(items)  # what fails before it has a status of its own
        content_type = "text/event-stream" if asked.sse else FORMATS[asked.format][0]
        headers = {"X-Seed": str(asked.options["seed"]), "X-Model": asked.model}
        headers |= {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(
            self._file(asked, first, items), headers=headers, media_type=content_type
        )

    async def _file(
        self, asked: Asked, item: dict[str, Any], items: AsyncIterator[dict[str, Any]]
    ) -> AsyncIterator[bytes]:
        encoder = Encoder(asked)
        try:
            while "usage" not in item:
                if data := encoder.encode(item["samples"], item["words"]):
                    yield data
                item = await anext(items)
            yield encoder.finish(item["usage"])
        except ApiError as error:
            if not asked.sse:
                raise  # the answer breaks off without its last chunk, which clients notice
            yield encoder.event({"type": "speech.audio.error", **error.to_json()})

    async def _items(self, asked: Asked) -> AsyncIterator[dict[str, Any]]:
        """What a Speaker yields, each sample once, whatever happens to Speakers."""
        sent = 0
        for attempt in range(ATTEMPTS):
            stream = self._with(asked.model, stream=True).speak.remote(asked)
            try:
                async for item in stream:
                    if "error" in item:
                        raise item["error"]
                    if "samples" in item:
                        end = item["first"] + len(item["samples"])
                        if end <= sent:
                            continue  # the client has these
                        item["samples"] = np.asarray(item["samples"])[max(sent - item["first"], 0) :]
                        sent = end
                    yield item
                return
            except ray.exceptions.RayTaskError:
                raise
            except ray.exceptions.RayError as error:
                log.warning("a replica is gone after %d samples: %s", sent, error)
                await asyncio.sleep(0.1 * 2**attempt)
            finally:
                stream.cancel()
        raise ApiError(503, "unavailable", "replicas end again and again", retry_after=1)

    async def _add_voice(self, request: HttpRequest) -> Response:
        if not self._settings.voices:
            raise ApiError(501, "unsupported", "there is no folder for voices")
        form = await request.form()
        file = form.get("audio_sample") or form.get("file")
        if file is None or isinstance(file, str):
            raise ApiError(400, "missing_parameter", "audio_sample must be there", "audio_sample")
        model = self._model(str(form.get("model") or ""))
        made = await self._with(model).add_voice.remote(model, await file.read())
        if isinstance(made, ApiError):
            raise made
        return JSONResponse({"object": "audio.voice", "id": made, "model": model}, 201)


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
