#!/bin/sh
# run.sh CMAKE BUILD SOURCE WORK GENERATOR LIBTORCH_LIB CC CXX: installs BUILD, moves the prefix, and builds
# and runs the consumer project in SOURCE/consumer against it, by find_package and by pkg-config.
set -eu
cmake=$1 build=$2 source=$3 work=$4 generator=$5 libtorch=$6 cc=$7 cxx=$8

rm -rf "$work"
mkdir -p "$work"
"$cmake" --install "$build" --prefix "$work/first" >"$work/install.log"
mv "$work/first" "$work/moved"
prefix=$work/moved
library=$(find "$prefix" -name libchatterbox.so)
[ -n "$library" ] || { echo "libchatterbox.so was not installed"; exit 1; }

echo "-- what is installed"
diff -r "$source/../../include" "$prefix/include" || { echo "other headers than the sources'"; exit 1; }
if grep -rnE 'torch/|ATen/|c10/' "$prefix/include"; then echo "torch in the headers"; exit 1; fi
if grep -rn "$work/first" "$prefix" --include='*.cmake' --include='*.pc'; then
  echo "the package files name the folder of the installation"
  exit 1
fi
dynamic=$(readelf -d "$library")
echo "$dynamic" | grep -E 'SONAME|RUNPATH'
echo "$dynamic" | grep -qE 'SONAME.*\[libchatterbox\.so\.[0-9]+\]' || { echo "no soname"; exit 1; }
echo "$dynamic" | grep -qF "[\$ORIGIN:$libtorch]" || { echo "RUNPATH lacks \$ORIGIN or libtorch"; exit 1; }

echo "-- find_package"
"$cmake" -S "$source/consumer" -B "$work/consumer" -G "$generator" -DCMAKE_PREFIX_PATH="$prefix" \
  -DCMAKE_C_COMPILER="$cc" -DCMAKE_CXX_COMPILER="$cxx" -DCMAKE_EXPORT_COMPILE_COMMANDS=ON >"$work/configure.log" ||
  { cat "$work/configure.log"; exit 1; }
"$cmake" --build "$work/consumer" >"$work/build.log" || { cat "$work/build.log"; exit 1; }
if grep -n 'torch' "$work/consumer/compile_commands.json"; then echo "torch on the command line"; exit 1; fi
(cd "$work" && ./consumer/consumer_c && ./consumer/consumer_cpp)

echo "-- pkg-config"
PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name chatterbox.pc)")
export PKG_CONFIG_PATH
# shellcheck disable=SC2046 (flags are words)
"$cc" -std=c11 -o "$work/by_pkg_config" "$source/consumer/consumer.c" \
  $(pkg-config --cflags --libs chatterbox) "-Wl,-rpath,$(dirname "$library")"
"$work/by_pkg_config"

if [ -x "$prefix/bin/chatterbox" ]; then
  echo "-- the program"
  "$prefix/bin/chatterbox" --version
  rm "$prefix/share/chatterbox/models/demo/ve.safetensors"
  if message=$("$prefix/bin/chatterbox" info demo 2>&1); then echo "demo is not the installed one"; exit 1; fi
  echo "$message" | grep -qF "$prefix/share/chatterbox/models/demo: missing ve.safetensors" || { echo "$message"; exit 1; }
fi
rm -rf "$work"
