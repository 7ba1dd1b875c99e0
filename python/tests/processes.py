"""What /proc says of other processes."""

from __future__ import annotations

import contextlib
import os
import pathlib


def users_of(folder: str) -> list[int]:
    """The processes that write their logs there."""
    found = set()
    for descriptor in pathlib.Path("/proc").glob("[0-9]*/fd/[12]"):
        try:
            if os.readlink(descriptor).startswith(folder):
                found.add(int(descriptor.parts[2]))
        except OSError:
            continue
    return sorted(found)


def parent_of(pid: int) -> int:
    return int(pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def children_of(pid: int) -> list[int]:
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if parent_of(int(entry.name)) == pid:
                found.append(int(entry.name))
    return found


def is_ours(pid: int) -> bool:
    """Whether this process is an ancestor."""
    while pid > 1:
        if pid == os.getpid():
            return True
        pid = parent_of(pid)
    return False


def work_of(pid: int) -> int:
    """The processor's time that it has taken."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def is_there(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False
