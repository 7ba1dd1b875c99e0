"""The same seed gives the same samples from Python, the program, and its server; test_ray.py adds Ray."""

from __future__ import annotations

import pathlib

import pytest
from ways_to_speak import Run, assert_same_samples, from_http, from_program, from_python, running_server

import chatterbox


@pytest.mark.parametrize("stream", [False, True])
def test_the_samples_are_the_same(
    engine: chatterbox.Engine, run_program: Run, tmp_path: pathlib.Path, stream: bool
) -> None:
    files = {
        "Python": from_python(engine, stream),
        "program": from_program(run_program, tmp_path / "out.wav", stream),
    }
    with running_server() as port:
        files["server"] = from_http(port, stream)
    assert_same_samples(files)
