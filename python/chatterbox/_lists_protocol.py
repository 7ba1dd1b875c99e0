"""What a server has, in the words of `chatterbox serve`: models, voices, languages."""

from __future__ import annotations

from typing import Any

from ._engine import Engine
from ._model_files import languages

Facts = dict[str, Any]
#: Their paths.
LISTS = ("/v1/models", "/v1/audio/models", "/v1/audio/voices", "/v1/audio/languages")


def facts_of(name: str, engine: Engine) -> Facts:
    """The model of that name, as /v1/models/{name} tells of it."""
    info = engine.info
    own = ["default"] if info.has_default_voice else []
    return {
        "id": name,
        "object": "model",
        "created": 0,
        "owned_by": "chatterbox",
        "name": name,
        "family": info.family,
        "precision": info.precision,
        "voices": own + engine.voices,
        "languages": engine.languages,
        "capabilities": ["speech", "voices"],
    }


def _list(items: list[Facts], also: str = "") -> Facts:
    """A list as OpenAI has it; `also`: the name under which others look for it."""
    return {"object": "list", "data": items, **({also: items} if also else {})}


def answer_list(path: str, models: list[Facts]) -> Facts:
    """The answer to GET `path`, which is one of LISTS."""
    if path == "/v1/models":
        return _list(models)
    if path == "/v1/audio/models":
        return _list(models, "models")
    if path == "/v1/audio/voices":
        found: dict[str, Facts] = {}
        for model in models:
            for name in model["voices"]:
                voice = {"object": "audio.voice", "id": name, "name": name, "model": model["id"]}
                found.setdefault(name, voice)
        return _list(list(found.values()), "voices")
    known = [
        {
            "code": code,
            "name": name,
            "models": [model["id"] for model in models if code in model["languages"]],
        }
        for code, name in languages().items()
    ]
    return _list(known, "languages")
