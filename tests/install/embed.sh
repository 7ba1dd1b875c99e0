#!/bin/sh
# embed.sh CMAKE PROJECT SOURCE WORK GENERATOR LIBTORCH CC CXX: the project in SOURCE/embedder adds PROJECT as a
# subdirectory. It gets the library and nothing else, and compiles against it without seeing libtorch.
set -eu
cmake=$1 project=$2 source=$3 work=$4 generator=$5 libtorch=$6 cc=$7 cxx=$8

rm -rf "$work"
mkdir -p "$work"
"$cmake" -S "$source/embedder" -B "$work/build" -G "$generator" -DCHATTERBOX_SOURCE="$project" \
  -DCHATTERBOX_LIBTORCH="$libtorch" -DCMAKE_C_COMPILER="$cc" -DCMAKE_CXX_COMPILER="$cxx" \
  >"$work/configure.log" 2>&1 || { cat "$work/configure.log"; exit 1; }
"$cmake" --build "$work/build" --target embedder_objects chatterbox_support >"$work/build.log" ||
  { cat "$work/build.log"; exit 1; }
flags=$(grep -B1 'consumer/consumer' "$work/build/compile_commands.json" | grep '"command"')
[ "$(echo "$flags" | wc -l)" = 2 ] || { echo "not both sources were compiled: $flags"; exit 1; }
if echo "$flags" | grep 'torch'; then echo "torch on the command line"; exit 1; fi
[ -n "$(find "$work/build" -name 'libchatterbox_support.a')" ] || { echo "nothing was built"; exit 1; }
if "$cmake" --install "$work/build" --prefix "$work/prefix" >"$work/install.log" 2>&1 &&
  [ -e "$work/prefix" ]; then
  echo "an embedded chatterbox installs $(find "$work/prefix" -type f)"
  exit 1
fi
rm -rf "$work"
