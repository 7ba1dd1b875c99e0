#!/usr/bin/env python3
"""Writes the modules of the package that mirror the C headers: generate_abi.py [--check]

The ctypes tables (_abi.py), the enums (_enums.py) and what the library reports
(_engine_records.py, _result_records.py). --check writes nothing and fails if one is out of date.
"""

from __future__ import annotations

import pathlib
import re
import sys
import textwrap

import c_header
from c_header import Enum, Function, Header, Member, Struct

ROOT = pathlib.Path(__file__).resolve().parents[2]
HEADERS = ROOT / "include" / "chatterbox"
PACKAGE = ROOT / "python" / "chatterbox"
WIDTH = 100

# ctypes' names and Python's, of C's types.
SCALARS = {
    "int32_t": ("c_int32", "int"),
    "uint32_t": ("c_uint32", "int"),
    "int64_t": ("c_int64", "int"),
    "uint64_t": ("c_uint64", "int"),
    "size_t": ("c_size_t", "int"),
    "float": ("c_float", "float"),
    "double": ("c_double", "float"),
    "chatterbox_status": ("c_int32", "int"),
}
# Structs that the library fills in and that the package hands out, and integers that are flags.
RECORDS = {
    "_engine_records": ["engine_info", "limits", "metrics", "voice_info"],
    "_result_records": [
        "progress",
        "word",
        "piece",
        "heard",
        "result_stats",
        "quality",
        "intervention",
        "stream_stats",
        "chunk_stats",
    ],
}
FLAGS = {"has_default_voice", "watermark", "meanflow", "quantised", "analyze_alignment", "healthy"}
ENUM_NAMES = {"LOG": "LogLevel", "FORMAT": "AudioFormat", "STREAM": "StreamMode"}
ENUM_NAMES |= {"FINISH": "FinishReason", "TENSOR": "TensorType"}
RECORD_NAMES = {"intervention": "InterventionSpan"}
NOTE = '# Made by python/tools/generate_abi.py from include/chatterbox; do not edit.\n'


def camel(name: str) -> str:
    """chatterbox_engine_info: EngineInfo."""
    return "".join(part.capitalize() for part in name.removeprefix("chatterbox_").split("_"))


def ctype(type_: str, header: Header) -> str:
    """The ctypes expression for a type of C."""
    plain = re.sub(r"\bconst\b", "", type_).replace(" ", "")
    if plain in SCALARS:
        return SCALARS[plain][0]
    if plain == "char*":
        return "c_char_p"
    if plain == "void*":
        return "c_void_p"
    if plain in {callback.name for callback in header.callbacks}:
        return camel(plain)
    if plain in {struct.name for struct in header.structs}:
        return camel(plain)
    if plain.endswith("*"):
        target = plain[:-1]
        if target in header.handles:
            return "c_void_p"
        return f"POINTER({ctype(target, header)})"
    raise ValueError(f"no ctypes type for {type_}")


def result_type(type_: str, header: Header) -> str:
    return "None" if type_ == "void" else ctype(type_, header)


def member_type(member: Member, header: Header) -> str:
    one = ctype(member.type, header)
    return f"{one} * {member.length.removeprefix('CHATTERBOX_')}" if member.length else one


def wrapped(text: str, indent: str, prefix: str = "") -> str:
    return textwrap.fill(
        text, WIDTH, initial_indent=indent + prefix, subsequent_indent=indent + prefix
    )


def abi_module(header: Header) -> str:
    out = [NOTE, '"""The C functions and structs as ctypes sees them."""\n']
    out.append("import ctypes")
    names = "CFUNCTYPE POINTER Structure c_char_p c_double c_float c_int32 c_int64 c_size_t"
    names += " c_uint32 c_uint64 c_void_p"
    out.append("from ctypes import (\n    " + ",\n    ".join(names.split()) + ",\n)")
    out.append("from typing import Any\n")
    for name, value in header.constants.items():
        out.append(f"{name.removeprefix('CHATTERBOX_')} = {value}")
    for declared in header.order:
        out.append("")
        if isinstance(declared, Function):
            types = [result_type(declared.result, header)]
            types += [ctype(parameter.type, header) for parameter in declared.parameters]
            out.append(f"{camel(declared.name)} = CFUNCTYPE({', '.join(types)})")
            continue
        out.append(f"\nclass {camel(declared.name)}(Structure):")
        out.append("    _fields_ = [")
        for member in declared.members:
            out.append(f'        ("{member.name}", {member_type(member, header)}),')
        out.append("    ]")
    out.append("\n\n# The result's type and the parameters' of each function.")
    out.append("FUNCTIONS: dict[str, tuple[Any, list[Any]]] = {")
    for function in header.functions:
        takes = ", ".join(ctype(parameter.type, header) for parameter in function.parameters)
        line = f'    "{function.name}": ({result_type(function.result, header)}, [{takes}]),'
        if len(line) > WIDTH:
            head, tail = line.split("[", 1)
            line = head.rstrip() + "\n" + wrapped("[" + tail, "        ")
        out.append(line)
    out.append("}\n\n")
    out.append("def declare(library: ctypes.CDLL) -> None:")
    out.append('    """Tell ctypes the types of the library\'s functions."""')
    out.append("    for name, (result, parameters) in FUNCTIONS.items():")
    out.append("        function = getattr(library, name)")
    out.append("        function.restype = result")
    out.append("        function.argtypes = parameters")
    return "\n".join(out) + "\n"


def enum_name(enum: Enum) -> str:
    group = next(iter(enum.values)).removeprefix("CHATTERBOX_").split("_")[0]
    return ENUM_NAMES.get(group, group.capitalize())


def pythonic(text: str) -> str:
    """A comment of the C header with the names of the package."""
    text = re.sub(r"CHATTERBOX_([A-Z]+)_\.\.\.", lambda m: ENUM_NAMES.get(m[1], m[1].capitalize()), text)
    text = re.sub(r"CHATTERBOX_([A-Z]+)_([A-Z]\w+)",
                  lambda m: f"{ENUM_NAMES.get(m[1], m[1].capitalize())}.{m[2]}", text)
    text = text.replace("chatterbox_quantise_model()", "quantise_model()")
    text = re.sub(r"chatterbox_(\w+)\(\)", r"the C function chatterbox_\1()", text)
    return re.sub(r"chatterbox_(\w+)(?!\w*\()", lambda m: camel(m[1]), text)


def summary(comment: str) -> str:
    """The comment of a declaration; "" for that of a section or a file."""
    return "" if comment.startswith("----") or "Include <" in comment else comment


def docstring(text: str) -> str:
    quotes = '"' * 3
    lines = wrapped(quotes + text, "    ")
    return lines + ("\n    " if "\n" in lines or len(lines) > WIDTH - 3 else "") + quotes


def enums_module(header: Header) -> str:
    out = [NOTE, '"""The enums of the C headers."""\n', "from enum import IntEnum"]
    for enum in header.enums:
        name = enum_name(enum)
        out.append(f"\n\nclass {name}(IntEnum):")
        group = next(iter(enum.values)).rsplit("_", 1)[0]
        text = pythonic(summary(enum.comment)) or f"The C header's {group}_..."
        out.append(docstring(text) + "\n")
        for value_name, value in enum.values.items():
            if comment := enum.comments.get(value_name):
                out.append(wrapped(pythonic(comment), "    ", "#: "))
            out.append(f"    {value_name.removeprefix('CHATTERBOX_').split('_', 1)[1]} = {value}")
    return "\n".join(out) + "\n"


def record_type(member: Member) -> tuple[str, str]:
    """The annotation of a field, and the expression that makes it of `c`."""
    value = f"c.{member.name}"
    if member.length:
        return "tuple[int, ...]", f"tuple({value})"
    if member.type == "const char*":
        return "str", f"({value} or b\"\").decode()"
    if found := re.match(r"CHATTERBOX_([A-Z]+)_\.\.\.", member.comment):
        enum = ENUM_NAMES.get(found[1], found[1].capitalize())
        return enum, f"{enum}({value})"
    if member.name in FLAGS:
        return "bool", f"bool({value})"
    return SCALARS[member.type][1], value


def records_module(header: Header, names: list[str]) -> str:
    structs = {struct.name: struct for struct in header.structs}
    records = [structs["chatterbox_" + name] for name in names]
    body: list[str] = []
    used: set[str] = set()
    for record in records:
        body.append("\n" + record_class(record, used))
    out = [NOTE, '"""What the library reports."""\n']
    out.append("from __future__ import annotations\n")
    out.append("from dataclasses import dataclass\n")
    out.append("from . import _abi")
    if used:
        out.append(f"from ._enums import {', '.join(sorted(used))}")
    return "\n".join(out + body) + "\n"


def record_class(struct: Struct, used: set[str]) -> str:
    short = struct.name.removeprefix("chatterbox_")
    name = RECORD_NAMES.get(short, camel(short))
    members = [m for m in struct.members if m.name != "struct_size" and "reserved" not in m.name]
    text = pythonic(summary(struct.comment)) or f"The C header's {struct.name}."
    out = ["\n@dataclass(frozen=True)", f"class {name}:"]
    out.append(wrapped('"""' + text, "    "))
    out += ["", "    Attributes", "    ----------"]
    fields, values = [], []
    for member in members:
        annotation, value = record_type(member)
        if annotation[0].isupper():
            used.add(annotation)
        out.append(f"    {member.name} : {annotation}")
        comment = pythonic(member.comment)
        if comment and comment != annotation:
            out.append(wrapped(comment, "        "))
        fields.append(f"    {member.name}: {annotation}")
        values.append(f"            {member.name}={value},")
    out += ['    """', "", *fields, "", "    @classmethod"]
    out.append(f"    def from_c(cls, c: _abi.{camel(short)}) -> {name}:")
    out.append('        """Copy the C struct."""')
    out += ["        return cls(", *values, "        )"]
    return "\n".join(out)


def modules() -> dict[str, str]:
    """The text of each generated module, by its file name."""
    header = c_header.read(HEADERS)
    made = {"_abi.py": abi_module(header), "_enums.py": enums_module(header)}
    for name, records in RECORDS.items():
        made[name + ".py"] = records_module(header, records)
    return made


def main() -> None:
    stale = []
    for name, text in modules().items():
        path = PACKAGE / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if "--check" not in sys.argv:
                path.write_text(text, encoding="utf-8")
    if stale and "--check" in sys.argv:
        sys.exit(f"{', '.join(stale)}: run python3 python/tools/generate_abi.py")


if __name__ == "__main__":
    main()
