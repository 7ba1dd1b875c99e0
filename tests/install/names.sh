#!/bin/sh
# names.sh PROGRAM SOURCE: every mangled name that SOURCE looks up at run time is one that PROGRAM, which is linked to
# the library, needs of it.
set -eu
program=$1
source=$2
needed=$(nm -D --undefined-only "$program")
names=$(grep -o '"_Z[A-Za-z0-9_]*"' "$source" | tr -d '"')
[ -n "$names" ] || { echo "$source looks up nothing"; exit 1; }
for name in $names; do
  echo "$needed" | grep -q " $name\(@.*\)\?$" || { echo "$program does not need $name"; exit 1; }
done
