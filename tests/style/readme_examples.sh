#!/bin/sh
# readme_examples.sh ROOT: the README shows the example programs as they are.
set -eu
cd "$1"
bad=0
for example in minimal.c minimal.cpp ctypes_example.py; do
  if ! python3 - "$example" <<'PYTHON'; then
import pathlib, sys
example = pathlib.Path("examples", sys.argv[1]).read_text(encoding="utf-8").rstrip("\n")
sys.exit(0 if f"\n{example}\n```" in pathlib.Path("README.md").read_text(encoding="utf-8") else 1)
PYTHON
    echo "README.md does not show examples/$example as it is"
    bad=1
  fi
done
exit $bad
