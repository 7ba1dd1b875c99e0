"""What the package writes down again is what the library has."""

from __future__ import annotations

import ctypes
import dataclasses
import inspect
import typing

import chatterbox
from chatterbox import _abi, _libtorch
from chatterbox._library import initialised
from chatterbox._loaded_model import LoadedModel
from chatterbox._request import long_text_to_c


def fields(c: ctypes.Structure) -> dict[str, typing.Any]:
    """Plain members of a struct by their names."""
    return {
        name: value
        for name, *_ in c._fields_
        if isinstance(value := getattr(c, name), (int, float, bytes, type(None)))
        and name != "struct_size"
        and "reserved" not in name
    }


def test_engine_options() -> None:
    c = fields(initialised(_abi.EngineOptions, "chatterbox_engine_options_init"))
    signature = inspect.signature(LoadedModel.__init__).parameters
    ignored = {"file_count", "log_user_data", "log"}
    assert set(c) - ignored <= set(signature)
    for name in set(c) - ignored:
        default = signature[name].default
        expected = c[name].decode() if isinstance(c[name], bytes) else c[name]
        if expected == _abi.UNSET or expected is None:
            assert default is None, name
        else:
            assert default == expected, name


def test_requests() -> None:
    plain = fields(chatterbox.Request(text="x").to_c())
    default = fields(initialised(_abi.Request, "chatterbox_request_init"))
    assert plain == {**default, "text": b"x"}
    conversion = fields(initialised(_abi.Conversion, "chatterbox_conversion_init"))
    assert all(default[name] == value for name, value in conversion.items() if name in default)


def test_other_structs() -> None:
    stream = fields(initialised(_abi.StreamOptions, "chatterbox_stream_options_init"))
    assert fields(chatterbox.StreamOptions().to_c()) == stream
    pause = inspect.signature(chatterbox.Engine.submit).parameters["pause"].default
    default = initialised(_abi.LongTextOptions, "chatterbox_long_text_options_init")
    assert fields(long_text_to_c(pause)) == fields(default)
    voice = initialised(_abi.VoiceOptions, "chatterbox_voice_options_init")
    signature = inspect.signature(LoadedModel.make_voice).parameters
    assert signature["prompt_seconds"].default == voice.prompt_seconds
    assert signature["normalise_loudness"].default == bool(voice.normalise_loudness)


def test_options_are_the_fields_of_a_request() -> None:
    named = {field.name for field in dataclasses.fields(chatterbox.Request)}
    assert named == {"text", "voice"} | set(chatterbox.RequestOptions.__annotations__)
    # All that C has but the callbacks, which the package has its own ways for.
    members = {name for name, *_ in _abi.Request._fields_}
    own = {"struct_size", "has_seed", "reserved", "reserved_2", "stream", "user_data"}
    own |= {"on_progress", "on_tensor", "on_audio", "on_done"}
    assert {name.removesuffix("_ms") for name in members - own} - {"wait"} == named - {
        "wait_for_room"
    }


def test_versions() -> None:
    assert f"libtorch {_libtorch.BUILT_WITH}." in chatterbox.build_info()
    assert chatterbox.library_version() == chatterbox.__version__
