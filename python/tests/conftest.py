"""What the tests share: one engine with the demo model, and the program that it is compared with.

CHATTERBOX_LIBRARY, CHATTERBOX_PROGRAM and CHATTERBOX_LIBTORCH say what is tested.
"""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

import chatterbox

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def engine() -> Iterator[chatterbox.Engine]:
    with chatterbox.Engine(threads=1) as engine:
        yield engine


@pytest.fixture
def run_python() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run code in a new interpreter: run_python(code, NAME=value to set, or None to unset)."""

    def run(code: str, **changes: str | None) -> subprocess.CompletedProcess[str]:
        paths = [str(ROOT / "python"), os.environ.get("PYTHONPATH", "")]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
        for name, value in changes.items():
            environment.pop(name, None)
            if value is not None:
                environment[name] = value
        return subprocess.run(
            [sys.executable, "-c", code],
            env=environment,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    return run


@pytest.fixture
def run_program() -> Callable[..., subprocess.CompletedProcess[bytes]]:
    """Run the command-line program, with the library that is tested."""
    program = os.environ.get("CHATTERBOX_PROGRAM", "")
    if not pathlib.Path(program).is_file():
        pytest.skip("CHATTERBOX_PROGRAM is not set")
    folder = os.path.dirname(os.environ["CHATTERBOX_LIBRARY"])
    environment = {**os.environ, "LD_LIBRARY_PATH": folder}

    def run(*arguments: str) -> subprocess.CompletedProcess[bytes]:
        command = [program, *arguments]
        return subprocess.run(
            command, env=environment, capture_output=True, timeout=100, check=True
        )

    return run


@pytest.fixture(scope="session")
def aligned_model(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The demo model with heads named that are said to align speech and text."""
    folder = tmp_path_factory.mktemp("aligned")
    for file in (ROOT / "examples" / "demo_voice" / "model").iterdir():
        (folder / file.name).symlink_to(file)
    t3 = folder / "t3_cfg.safetensors"
    data = t3.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    metadata = header.setdefault("__metadata__", {})
    metadata.setdefault("chatterbox.alignment_heads", "2.1,3.0,4.1")
    changed = json.dumps(header).encode()
    changed += b" " * (-len(changed) % 8)
    t3.unlink()
    t3.write_bytes(len(changed).to_bytes(8, "little") + changed + data[8 + size :])
    return folder
