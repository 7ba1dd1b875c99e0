"""Reads what include/chatterbox declares: constants, enums, structs, callbacks and functions.

It knows the C that these headers use and no more; what it does not understand is an error.
"""

from __future__ import annotations

import pathlib
import re
from dataclasses import dataclass, field


@dataclass
class Member:
    """A struct's member, or a function's parameter. `type`: "const float*", "uint64_t"."""

    name: str
    type: str
    comment: str = ""
    length: str = ""  # of an array: a number or a constant's name


@dataclass
class Struct:
    name: str
    comment: str
    members: list[Member]
    header: str


@dataclass
class Enum:
    comment: str
    values: dict[str, int]
    comments: dict[str, str] = field(default_factory=dict)


@dataclass
class Function:
    """A function, or the type of a callback."""

    name: str
    result: str
    parameters: list[Member]


@dataclass
class Header:
    constants: dict[str, int] = field(default_factory=dict)
    enums: list[Enum] = field(default_factory=list)
    handles: list[str] = field(default_factory=list)
    structs: list[Struct] = field(default_factory=list)
    callbacks: list[Function] = field(default_factory=list)
    functions: list[Function] = field(default_factory=list)
    order: list[Struct | Function] = field(default_factory=list)  # structs and callbacks


COMMENT = r"/\*(?P<comment>(?:[^*]|\*(?!/))*)\*/"
DECLARATION = re.compile(
    rf"(?:{COMMENT}\s*)?(?:"
    r"typedef struct (?P<handle>\w+) (?P=handle);|"
    r"typedef struct (?P<struct>\w+) \{(?P<members>[^}]*)\} (?P=struct);|"
    r"typedef (?P<alias>\w+) (?P<alias_name>\w+);|"
    r"typedef (?P<called>[\w ]+?\**) ?\(\*(?P<callback>\w+)\)\((?P<takes>[^)]*)\);|"
    r"enum \{(?P<enum>[^}]*)\};|"
    r"CHATTERBOX_API\s+(?P<result>[\w ]+?\**)\s*\b(?P<function>chatterbox_\w+)\s*\("
    r"(?P<parameters>[^)]*)\);)"
)
STATUS_ROW = re.compile(r'X\((\w+), (\w+), (-?\d+), "([^"]*)"\)')


def prose(comment: str | None) -> str:
    """The words of a comment, in one line."""
    return re.sub(r"\s*\n\s*\*?\s*", " ", comment or "").strip()


def read(folder: pathlib.Path) -> Header:
    header = Header()
    seen: set[str] = set()
    _read_file(folder, "chatterbox.h", header, seen)
    return header


def _read_file(folder: pathlib.Path, name: str, header: Header, seen: set[str]) -> None:
    if name in seen:
        return
    seen.add(name)
    text = (folder / name).read_text(encoding="utf-8")
    for included in re.findall(r"#include <chatterbox/(\w+\.h)>", text):
        _read_file(folder, included, header, seen)
    for constant, value in re.findall(r"#define (CHATTERBOX_\w+) \(?(-?\d+)\)?\n", text):
        header.constants[constant] = int(value)
    statuses = STATUS_ROW.findall(text)
    if statuses:
        header.enums.append(
            Enum(
                "How a call, or a request, ended.",
                {f"CHATTERBOX_STATUS_{row[0]}": int(row[2]) for row in statuses},
                {f"CHATTERBOX_STATUS_{row[0]}": row[3] for row in statuses},
            )
        )
    # Without the preprocessor's lines, and without C++.
    text = re.sub(r"#ifdef __cplusplus\n.*?#endif", "", text, flags=re.DOTALL)
    text = re.sub(r"^#(?:[^\\\n]|\\\n)*$", "", text, flags=re.MULTILINE)
    text = re.sub(r"enum \{\s*CHATTERBOX_FOR_EACH_STATUS[^}]*\};", "", text)
    rest = text
    for found in DECLARATION.finditer(text):
        _declare(found, header, name)
        rest = rest.replace(found.group(0), "", 1)
    rest = re.sub(COMMENT, "", rest)
    if rest.strip():
        raise ValueError(f"{name}: not understood: {rest.strip()}")


def _declare(found: re.Match[str], header: Header, file: str) -> None:
    comment = prose(found["comment"])
    if found["handle"]:
        header.handles.append(found["handle"])
    elif found["struct"]:
        struct = Struct(found["struct"], comment, _members(found["members"]), file)
        header.structs.append(struct)
        header.order.append(struct)
    elif found["callback"]:
        callback = Function(found["callback"], found["called"], _parameters(found["takes"]))
        header.callbacks.append(callback)
        header.order.append(callback)
    elif found["enum"]:
        header.enums.append(_enum(comment, found["enum"]))
    elif found["function"]:
        header.functions.append(
            Function(found["function"], found["result"], _parameters(found["parameters"]))
        )
    elif (found["alias"], found["alias_name"]) != ("int32_t", "chatterbox_status"):
        raise ValueError(f"{file}: not understood: {found.group(0)}")


def _members(body: str) -> list[Member]:
    # A comment belongs to the member before it on its line, else to the one that follows.
    pattern = re.compile(
        rf"(?:{COMMENT.replace('comment', 'above')}\s*)?"
        r"(?P<type>(?:const )?\w+(?: const)?\**)\s+(?P<name>\w+)(?:\[(?P<length>\w+)\])?;"
        rf"(?:[ ]*{COMMENT})?"
    )
    members = []
    position = 0
    for found in pattern.finditer(body):
        if body[position : found.start()].strip():
            raise ValueError(f"not understood: {body[position:found.start()]}")
        position = found.end()
        comment = prose(found["comment"] or found["above"])
        members.append(Member(found["name"], found["type"], comment, found["length"] or ""))
    if re.sub(COMMENT, "", body[position:]).strip():
        raise ValueError(f"not understood: {body[position:]}")
    return members


def _enum(comment: str, body: str) -> Enum:
    enum = Enum(comment, {})
    for found in re.finditer(rf"(\w+) = (-?\d+),?(?:[ ]*{COMMENT})?", body):
        enum.values[found[1]] = int(found[2])
        enum.comments[found[1]] = prose(found["comment"])
    return enum


def _parameters(text: str) -> list[Member]:
    text = " ".join(text.split())
    if text == "void":
        return []
    parameters = []
    for one in text.split(","):
        found = re.fullmatch(r"\s*(.*[\s*])(\w+)", one)
        if not found:
            raise ValueError(f"not understood: {one}")
        parameters.append(Member(found[2], found[1].strip()))
    return parameters
