"""Fetches the weights of the Perth watermark (37 MB), which the wheel leaves out: without them, speech
is not marked.

    python -m chatterbox.install_watermark [WHEEL]

WHEEL: resemble_perth-1.0.1-py3-none-any.whl, if it is there already; otherwise pip downloads it.
"""

from __future__ import annotations

import pathlib
import subprocess
import sys
import tempfile

from ._library import PACKAGE

REQUIREMENT = "resemble-perth==1.0.1"


def main() -> None:
    """Put the weights where the library looks for them."""
    folder = PACKAGE / "share" / "chatterbox"
    converter = folder / "watermark_weights.py"
    if not converter.is_file():
        sys.exit(f"error: {converter} is missing: this is not an installed wheel")
    with tempfile.TemporaryDirectory() as temporary:
        if len(sys.argv) > 1:
            wheel = pathlib.Path(sys.argv[1])
        else:
            pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
            done = subprocess.run([*pip, "--dest", temporary, REQUIREMENT], check=False)
            if done.returncode != 0:
                sys.exit(f"error: pip could not download {REQUIREMENT}")
            (wheel,) = pathlib.Path(temporary).glob("*.whl")
        # It checks the wheel's content, and renames its result into place when it is complete.
        weights = folder / "perth_implicit.safetensors"
        command = [sys.executable, str(converter), str(wheel), str(weights)]
        if subprocess.run(command, check=False).returncode != 0:
            sys.exit(f"error: {wheel} cannot be converted")
    print(f"wrote {weights}")


if __name__ == "__main__":
    main()
