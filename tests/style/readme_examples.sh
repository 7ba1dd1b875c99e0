#!/bin/sh
# readme_examples.sh ROOT [--write]: the README shows the example programs as they are, each in the listing after
# the line <!-- example: NAME -->. --write puts them there.
set -eu
cd "$1"
exec python3 - "${2-}" <<'PYTHON'
import pathlib, re, sys
readme = pathlib.Path("README.md")
old = new = readme.read_text(encoding="utf-8")
for name in ("minimal.c", "minimal.cpp"):
    example = pathlib.Path("examples", name).read_text(encoding="utf-8").rstrip("\n")
    listing = re.compile(rf"(?<=<!-- example: {re.escape(name)} -->\n)(```\w+\n).*?^```$", re.DOTALL | re.MULTILINE)
    new, count = listing.subn(lambda found: f"{found.group(1)}{example}\n```", new)
    if count != 1:
        sys.exit(f"README.md has {count} listings after <!-- example: {name} -->, must be one")
if new == old:
    sys.exit()
if sys.argv[1] != "--write":
    sys.exit("README.md does not show the examples as they are: run sh tests/style/readme_examples.sh . --write")
readme.write_text(new, encoding="utf-8")
PYTHON
