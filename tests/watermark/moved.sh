#!/bin/sh
# moved.sh BY_PROGRAM BY_LIBRARY LIBRARY: programs that print where the weights are find them in the prefix
# that they were copied to, the first beside itself, the second beside the library that it loads.
set -eu
by_program=$1 by_library=$2 library=$3
unset CHATTERBOX_WATERMARK
work=$(cd "$(mktemp -d)" && pwd -P)
trap 'rm -rf "$work"' EXIT
prefix="$work/a prefix"
mkdir -p "$prefix/bin" "$prefix/lib/triplet" "$prefix/share/chatterbox" "$work/elsewhere/bin"
cp "$by_program" "$prefix/bin/program"
cp "$by_library" "$work/elsewhere/bin/program"
weights="$prefix/share/chatterbox/perth_implicit.safetensors"

# expect PATH PROGRAM ARGV0 HOW
expect() {
  found=$(cd "$work" && LD_LIBRARY_PATH="${libraries-}" python3 -c \
    'import os, sys; os.execv(sys.argv[1], [sys.argv[2]])' "$2" "$3")
  [ "$found" = "$1" ] || { echo "$4: expected $1, got $found"; exit 1; }
}

# Nothing is there yet: the build's own, or none.
nothing=$("$prefix/bin/program")
[ "$nothing" != "$weights" ] || { echo "found $weights before it was there"; exit 1; }
: >"$weights"
expect "$weights" "$prefix/bin/program" "$prefix/bin/program" "program"
expect "$weights" "$prefix/bin/program" program "program found on PATH"
expect "$weights" "$prefix/bin/program" /no/such/place "program with a strange argv[0]"
for folder in lib lib/triplet; do
  cp "$library" "$prefix/$folder/"
  libraries="$prefix/$folder"
  expect "$weights" "$work/elsewhere/bin/program" program "library in $folder"
done
ln -s "$prefix/lib" "$work/link"
libraries="$work/link"
expect "$weights" "$work/elsewhere/bin/program" program "library behind a symbolic link"
echo "found where they should be"
