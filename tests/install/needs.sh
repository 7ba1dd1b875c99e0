#!/bin/sh
# needs.sh PROGRAM LIBRARY...: PROGRAM is linked to each LIBRARY.
set -eu
program=$1
shift
needed=$(readelf -d "$program" | grep NEEDED)
for library in "$@"; do
  echo "$needed" | grep -q "\[$library\]" || { echo "$program does not need $library"; exit 1; }
done
