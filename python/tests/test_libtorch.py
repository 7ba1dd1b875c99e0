"""Which libtorch is taken, and what is said where there is none."""

from __future__ import annotations

import importlib.util
import os
import pathlib
import shutil
import subprocess
import sys
from collections.abc import Callable

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]

SPEAK = """
with chatterbox.Engine(threads=1) as engine:
    speech = engine.synthesize("Yes.", seed=1, max_new_tokens=10)
maps = {line.split()[-1] for line in open("/proc/self/maps") if "libtorch_cpu.so" in line}
assert len(maps) == 1, maps
print("from", *maps, len(speech))
"""


@pytest.fixture
def libtorch() -> pathlib.Path:
    """A folder with lib/libtorch_cpu.so."""
    asked = os.environ.get("CHATTERBOX_LIBTORCH")
    spec = None if asked else importlib.util.find_spec("torch")
    found = pathlib.Path(asked) if asked else pathlib.Path((spec.submodule_search_locations or [""])[0]) if spec else None
    if found is None:
        pytest.skip("no libtorch")
    return found / "torch" if (found / "torch").is_dir() else found


def fake_torch(folder: pathlib.Path, version: str, libtorch: pathlib.Path | None) -> str:
    """A torch package of that version, for PYTHONPATH."""
    package = folder / "torch"
    package.mkdir(parents=True)
    package.joinpath("__init__.py").write_text("raise RuntimeError('torch is imported')")
    package.joinpath("version.py").write_text(f"__version__ = '{version}'\n")
    if libtorch is None:
        package.joinpath("lib").mkdir()
        package.joinpath("lib", "libtorch_cpu.so").write_text("no library")
    else:
        package.joinpath("lib").symlink_to(libtorch / "lib")
    return f"import sys; sys.path.insert(0, {str(folder)!r})\n"


def test_the_variable_comes_first(
    run_python: Run, tmp_path: pathlib.Path, libtorch: pathlib.Path
) -> None:
    path = fake_torch(tmp_path, "2.11.0", None)
    done = run_python(path + "import chatterbox" + SPEAK, CHATTERBOX_LIBTORCH=str(libtorch))
    assert done.returncode == 0, done.stderr
    assert f"from {(libtorch / 'lib').resolve()}" in done.stdout


def test_a_folder_beside_the_library(
    run_python: Run, tmp_path: pathlib.Path, libtorch: pathlib.Path
) -> None:
    library = tmp_path / "libchatterbox.so.0"
    shutil.copy(os.environ["CHATTERBOX_LIBRARY"], library)
    (tmp_path / "libtorch").symlink_to(libtorch)
    path = fake_torch(tmp_path / "site", "2.11.0", None)
    done = run_python(
        path + "import chatterbox; chatterbox.build_info()",
        CHATTERBOX_LIBTORCH=None,
        CHATTERBOX_LIBRARY=str(library),
    )
    assert done.returncode == 0, done.stderr


def test_an_installed_torch_is_found_without_importing_it(
    run_python: Run, tmp_path: pathlib.Path, libtorch: pathlib.Path
) -> None:
    path = fake_torch(tmp_path, "2.11.3+cpu", libtorch)
    code = path + "import chatterbox; chatterbox.build_info(); assert 'torch' not in sys.modules"
    done = run_python(code, CHATTERBOX_LIBTORCH=None)
    assert done.returncode == 0, done.stderr


def test_an_imported_torch_wins(
    run_python: Run, tmp_path: pathlib.Path, libtorch: pathlib.Path
) -> None:
    # A module that loads the libraries as torch does; the variable names nothing that could.
    stub = tmp_path / "torch.py"
    stub.write_text(
        "import ctypes\n__version__ = '2.11.0'\n"
        f"for name in ('libc10.so', 'libtorch_cpu.so'): ctypes.CDLL({str(libtorch)!r} + '/lib/' + name)"
    )
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import torch, chatterbox" + SPEAK
    done = run_python(code, CHATTERBOX_LIBTORCH=str(tmp_path))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("first", ["torch", "chatterbox"])
def test_with_the_real_torch(run_python: Run, first: str) -> None:
    """In both orders: one libtorch in the process, and torch works."""
    if run_python("import torch", CHATTERBOX_LIBTORCH=None).returncode != 0:
        pytest.skip(f"{sys.executable} has no torch that can be imported")
    torch = "import torch; assert torch.ones(3, 4).matmul(torch.ones(4, 2)).sum() == 24\n"
    code = "import chatterbox\n" + SPEAK
    code = torch + code if first == "torch" else code + torch
    done = run_python(code, CHATTERBOX_LIBTORCH=None)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("how", ["variable", "installed", "imported"])
def test_a_wrong_version_names_both(run_python: Run, tmp_path: pathlib.Path, how: str) -> None:
    path = fake_torch(tmp_path, "2.9.1+cu128", None)
    variable = str(tmp_path) if how == "variable" else None
    if how == "imported":
        path = "import sys, types; torch = sys.modules['torch'] = types.ModuleType('torch')\n"
        path += "torch.__version__ = '2.9.1+cu128'\n"
    done = run_python(path + "import chatterbox", CHATTERBOX_LIBTORCH=variable)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("ImportError: chatterbox needs torch 2.11, but ")
    assert "2.9.1+cu128" in done.stderr


def test_no_libtorch_at_all(run_python: Run, tmp_path: pathlib.Path) -> None:
    done = run_python("import chatterbox", CHATTERBOX_LIBTORCH=str(tmp_path))
    assert f"ImportError: CHATTERBOX_LIBTORCH={tmp_path} has no lib" in done.stderr
    hidden = "import importlib.util; importlib.util.find_spec = lambda name: None\n"
    done = run_python(hidden + "import chatterbox", CHATTERBOX_LIBTORCH=None)
    assert "ImportError: chatterbox needs libtorch 2.11, and no torch is installed" in done.stderr


def test_importing_is_quick_and_imports_little(run_python: Run) -> None:
    code = """
import time
start = time.process_time()
import chatterbox
taken = time.process_time() - start
import sys
assert not {"numpy", "torch", "asyncio"} & set(sys.modules)
import numpy
print(taken, time.process_time() - start)
"""
    done = run_python(code)
    assert done.returncode == 0, done.stderr
    # Of the processor's time: the machine may be busy.
    assert max(map(float, done.stdout.split())) < 0.3, done.stdout
