"""The program: python -m chatterbox speak "Hello." -o hello.wav"""

from __future__ import annotations

import os
import shutil
import sys

from . import _libtorch
from ._library import PACKAGE, path


def program() -> str:
    """Where the program is: CHATTERBOX_PROGRAM, or the package's own."""
    asked = os.environ.get("CHATTERBOX_PROGRAM")
    found = shutil.which(asked or str(PACKAGE / "bin" / "chatterbox"))
    if found is None:
        sys.exit(f"error: {asked or PACKAGE / 'bin' / 'chatterbox'} is no program")
    return found


def environment() -> dict[str, str]:
    """This process's, with the libtorch that the package would take."""
    libtorch = _libtorch.find(path().parent)
    environment = dict(os.environ)
    folders = [str(libtorch / "lib")] if libtorch else []
    folders += [folder for folder in environment.get("LD_LIBRARY_PATH", "").split(":") if folder]
    environment["LD_LIBRARY_PATH"] = ":".join(folders)
    return environment


def main() -> None:
    """Become the program."""
    os.execve(program(), ["chatterbox", *sys.argv[1:]], environment())


if __name__ == "__main__":
    main()
