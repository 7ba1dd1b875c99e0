"""The ctypes tables are what the C headers say."""

from __future__ import annotations

import ctypes
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

from chatterbox import _abi, _enums
from chatterbox._library import library

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "python" / "tools"))
import c_header  # noqa: E402
import generate_abi  # noqa: E402

HEADER = c_header.read(generate_abi.HEADERS)
STRUCTS = {struct.name: struct for struct in HEADER.structs}


def ctype(type_: str) -> object:
    return eval(generate_abi.ctype(type_, HEADER), vars(_abi))


def test_the_generated_modules_are_current() -> None:
    for name, text in generate_abi.modules().items():
        assert (generate_abi.PACKAGE / name).read_text() == text, (
            f"{name} is out of date: run python3 python/tools/generate_abi.py"
        )


def test_nothing_in_the_headers_is_missed() -> None:
    text = "".join(file.read_text() for file in generate_abi.HEADERS.glob("*.h"))
    assert len(HEADER.functions) == len(re.findall(r"^CHATTERBOX_API", text, re.MULTILINE))
    assert len(HEADER.structs) == len(re.findall(r"^typedef struct \w+ \{", text, re.MULTILINE))
    assert len(HEADER.callbacks) == len(re.findall(r"^typedef \w+ \(\*", text, re.MULTILINE))
    assert len(HEADER.enums) == len(re.findall(r"^enum \{", text, re.MULTILINE))
    assert sum(len(enum.values) for enum in HEADER.enums) > 60


@pytest.mark.parametrize("name", STRUCTS)
def test_struct(name: str) -> None:
    members = []
    for member in STRUCTS[name].members:
        kind = ctype(member.type)
        if member.length:
            kind = kind * getattr(_abi, member.length.removeprefix("CHATTERBOX_"))
        members.append((member.name, kind))
    assert getattr(_abi, generate_abi.camel(name))._fields_ == members


def test_constants_and_enums() -> None:
    for name, value in HEADER.constants.items():
        assert getattr(_abi, name.removeprefix("CHATTERBOX_")) == value
    for enum in HEADER.enums:
        mirror = getattr(_enums, generate_abi.enum_name(enum))
        assert [member.value for member in mirror] == list(enum.values.values())
        for name, value in enum.values.items():
            assert name.endswith(mirror(value).name)


def test_functions_and_callbacks() -> None:
    assert {function.name for function in HEADER.functions} == set(_abi.FUNCTIONS)
    for function in HEADER.functions:
        result = None if function.result == "void" else ctype(function.result)
        parameters = [ctype(parameter.type) for parameter in function.parameters]
        assert _abi.FUNCTIONS[function.name] == (result, parameters), function.name
        assert getattr(library(), function.name).argtypes == parameters
    for callback in HEADER.callbacks:
        mirror = getattr(_abi, generate_abi.camel(callback.name))
        assert mirror._restype_ == (None if callback.result == "void" else ctype(callback.result))
        assert list(mirror._argtypes_) == [ctype(one.type) for one in callback.parameters]


def test_layout_by_the_compiler(tmp_path: pathlib.Path) -> None:
    """Sizes and offsets, as a C compiler sees them, which has not read our parser."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler")
    lines = ["#include <chatterbox/chatterbox.h>", "#include <stddef.h>"]
    for name in STRUCTS:
        mirror = getattr(_abi, generate_abi.camel(name))
        lines.append(f'_Static_assert(sizeof({name}) == {ctypes.sizeof(mirror)}, "{name}");')
        for member, *_ in mirror._fields_:
            offset = getattr(mirror, member).offset
            size = getattr(mirror, member).size
            lines.append(f'_Static_assert(offsetof({name}, {member}) == {offset}, "{member}");')
            lines.append(f'_Static_assert(sizeof((({name}*)0)->{member}) == {size}, "{member}");')
    source = tmp_path / "layout.c"
    source.write_text("\n".join(lines))
    command = [compiler, "-std=c11", "-fsyntax-only", "-I", str(ROOT / "include"), str(source)]
    subprocess.run(command, check=True)


def test_the_library_knows_the_sizes() -> None:
    for name in _abi.FUNCTIONS:
        if name.endswith("_init"):
            mirror = getattr(_abi, generate_abi.camel(name.removesuffix("_init")))
            made = mirror()
            assert getattr(library(), name)(ctypes.byref(made), ctypes.sizeof(mirror)) == 0
            assert made.struct_size == ctypes.sizeof(mirror)
