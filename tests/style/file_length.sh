#!/bin/sh
# file_length.sh ROOT: no source file has more than 400 lines: a longer one has two ideas in it.
set -eu
cd "$1"
most=400
# _abi.py is made of the C headers.
long=$(find src include tests bench examples cmake $(ls -d python deploy 2>/dev/null) -type f ! -name _abi.py \
  \( -name '*.h' -o -name '*.hpp' -o -name '*.c' -o -name '*.cpp' -o -name '*.cu' -o -name '*.cuh' -o -name '*.py' -o -name '*.sh' -o -name '*.cmake' \) \
  -exec awk -v most="$most" 'END { if (NR > most) print FILENAME ": " NR " lines, the limit is " most }' {} \;)
[ -z "$long" ] || { echo "$long"; exit 1; }
