#!/bin/sh
# exported_symbols.sh LIBRARY LIST HEADER: what the shared library exports is LIST, no more and no less, and
# the C functions of LIST are those of HEADER.
set -eu
library=$1 list=$2 header=$3
actual=$(mktemp)
trap 'rm -f "$actual"' EXIT
# Versions' own names (A) and the @@VERSION suffix are no symbols; type information counts with its class.
# Demanglers differ in the space between closing brackets.
nm -D --defined-only --demangle "$library" | sed -E 's/^[0-9a-f]+ //' | grep -v '^A ' |
  sed -E 's/^[A-Za-z] //; s/@@?[A-Za-z0-9_.]+$//; :again; s/> >/>>/; t again' | LC_ALL=C sort -u >"$actual"
[ -s "$actual" ] || { echo "$library exports nothing"; exit 1; }
if ! diff -u "$list" "$actual"; then
  echo "the exported symbols differ from $list (-: promised but missing, +: exported but not promised)"
  exit 1
fi
if grep -vE '^(chatterbox_[a-z_]+|((vtable|typeinfo|typeinfo name) for )?chatterbox::(Error|Voice|Job|ChatterboxEngine|read_wav|write_wav|languages|detect_watermark)(::.*|\(.*)?)$' "$list"; then
  echo "$list has symbols that are neither chatterbox_* nor of a public class"
  exit 1
fi
grep -oE '\bchatterbox_[a-z_]+\(' "$header" | grep -vE '^chatterbox_[a-z]+_callback' | tr -d '(' | LC_ALL=C sort -u |
  diff -u - "$actual" | grep -E '^-[a-z]' && { echo "$header declares functions that are not exported"; exit 1; }
grep -xE 'chatterbox_[a-z_]+' "$list" | while read -r name; do
  grep -qE "\b$name\(" "$header" || { echo "$name is exported, $header does not declare it"; exit 1; }
done
echo "$(wc -l <"$actual") symbols, as listed"
