#!/bin/sh
# readme_table.sh ROOT: the tables of figures in README.md and bench/README.md are those of bench/results.
set -eu
exec python3 "$1/bench/readme_table.py" --check --root "$1"
