"""A wheel that lacks the licence of a library in it is found out; wheel.sh looks at the real one."""

from __future__ import annotations

import json
import pathlib
import sys
import zipfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
import wheel_licences  # noqa: E402

TEXT = "Permission is hereby granted to those who keep this notice. " * 10
BILL = {
    "components": [
        {"type": "library", "name": "ogg", "properties": [{"value": "libogg"}]},
        {"type": "library", "name": "json"},
        {"type": "library", "name": "gcc-runtime", "properties": [{"value": "libstdc++"}]},
        {"type": "machine-learning-model", "name": "demo"},
    ]
}
FILES = {
    "chatterbox_cpp.libs/libogg-e694b499.so.0.8.5": "",
    "chatterbox_cpp.libs/libFLAC-356a0a7f.so.12.0.0": "",
    "chatterbox/share/doc/chatterbox/chatterbox.cdx.json": json.dumps(BILL),
}
TEXTS = {
    "LICENSE": TEXT,
    "libogg.txt": TEXT,
    "libFLAC.txt": f"{TEXT} See /usr/share/common-licenses/GPL-2.",
    "json.txt": TEXT,
    "common/GPL-2.txt": TEXT,
}


def missing(path: pathlib.Path, texts: dict[str, str]) -> list[str]:
    with zipfile.ZipFile(path, "w") as wheel:
        for name, data in FILES.items():
            wheel.writestr(name, data)
        for name, data in texts.items():
            wheel.writestr(f"chatterbox_cpp-1.dist-info/licenses/{name}", data)
    with zipfile.ZipFile(path) as wheel:
        return wheel_licences.missing(wheel)


def test_nothing_is_missing(tmp_path: pathlib.Path) -> None:
    assert missing(tmp_path / "a.whl", TEXTS) == []


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("empty", [False, True])
def test_what_is_missing_is_named(tmp_path: pathlib.Path, name: str, empty: bool) -> None:
    texts = {other: text for other, text in TEXTS.items() if other != name}
    if empty:
        texts[name] = "The licence.\n"
    assert missing(tmp_path / "a.whl", texts) == [name]
