"""What services have in common: which texts are long, and voices that clients upload."""

from __future__ import annotations

import collections
import pathlib
import re

from ._audio import decode_audio
from ._engine import Engine
from ._enums import Status
from ._errors import Error, make_error
from ._request import RequestOptions
from ._voice import Voice

#: OpenAI's voices, which clients send whatever they are told: the model's own.
OWN_VOICE = set("default alloy ash ballad coral echo fable onyx nova sage shimmer verse".split())
_MAX_BYTES = 1000
_MOST_VOICES = 256  # in memory


def fits_one_request(engine: Engine, text: str, options: RequestOptions) -> bool:
    """The rule of `chatterbox speak` and `chatterbox serve`: no pauses, half a minute at most."""
    if len(text.encode()) > _MAX_BYTES or "[pause:" in text.lower():
        return False
    most = 80 if engine.info.family in ("turbo", "nano") else 160
    language, tags = options.get("language", ""), options.get("text_tags", False)
    try:
        return engine.count_tokens(text, language, tags) <= most
    except Error:
        return True  # the request says what is wrong


class VoiceFolder:
    """Voices under the ids of their contents, in a folder that machines may share."""

    def __init__(self, folder: str) -> None:
        self._folder = pathlib.Path(folder)
        self._read: collections.OrderedDict[str, Voice] = collections.OrderedDict()

    def find(self, engine: Engine, name: str, id: str) -> Voice | None:
        """Return the voice of that id, or the model's of that name; None: the model's own."""
        if not id:
            if name not in engine.voices and (not name or name in OWN_VOICE):
                return None
            return engine.named_voice(name)
        voice = self._read.pop(id, None)
        if voice is None:
            path = self._folder / f"{id}.voice"
            if not re.fullmatch("[0-9a-f]{32}", id) or not path.is_file():
                raise make_error(Status.NOT_FOUND, f"there is no voice {id!r}")
            voice = Voice.load(path)
        self._read[id] = voice  # the last one that was used
        if len(self._read) > _MOST_VOICES:
            self._read.popitem(last=False)
        return voice

    def add(self, engine: Engine, data: bytes) -> str:
        """Keep the voice of a recording, or a saved voice; return its id."""
        try:
            voice = Voice.from_bytes(data)
        except Error:
            voice = engine.make_voice(decode_audio(data))
        self._folder.mkdir(parents=True, exist_ok=True)
        voice.save(self._folder / f"{voice.id}.voice")
        return voice.id
