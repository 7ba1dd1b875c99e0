#!/bin/sh
# exported_symbols.sh LIBRARY LIST HEADERS: what the shared library exports is LIST, no more and no less, and
# LIST is what the C headers in the folder HEADERS declare.
set -eu
library=$1 list=$2 headers=$3
actual=$(mktemp)
trap 'rm -f "$actual"' EXIT
# Versions' own names (A) are no symbols.
nm -D --defined-only "$library" | sed -E 's/^[0-9a-f]+ //' | grep -v '^A ' |
  sed -E 's/^[A-Za-z] //; s/@@?[A-Za-z0-9_.]+$//' | LC_ALL=C sort -u >"$actual"
[ -s "$actual" ] || { echo "$library exports nothing"; exit 1; }
if ! diff -u "$list" "$actual"; then
  echo "the exported symbols differ from $list (-: promised but missing, +: exported but not promised)"
  exit 1
fi
if grep -vE '^chatterbox_[a-z_]+$' "$list"; then
  echo "$list has symbols that are not chatterbox_*"
  exit 1
fi
# A declaration ends with "name(" after CHATTERBOX_API; a callback's type is no function.
declared() { cat "$headers"/*.h | grep -v '^ *#' | tr '\n' ' ' | grep -oE 'CHATTERBOX_API [^;]*;' | grep -oE '^[^(]*\(' |
  grep -oE 'chatterbox_[a-z_]+\($' | tr -d '(' | LC_ALL=C sort -u; }
if ! declared | diff -u "$list" -; then
  echo "the headers in $headers declare something else than $list (-: not declared, +: declared but not listed)"
  exit 1
fi
echo "$(wc -l <"$actual") symbols, as listed and declared"
