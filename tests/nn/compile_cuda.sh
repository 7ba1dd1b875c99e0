#!/bin/sh
# compile_cuda.sh SOURCE WORK CUDART CXX COMMAND...: runs each command, which compiles a source of src/nn/cuda, and links
# what they make with a program that launches every kernel where there is no memory: an error of each, and no crash.
set -eu
source=$1 work=$2 cudart=$3 cxx=$4
shift 4
rm -rf "$work"
mkdir -p "$work"
for command in "$@"; do
  object=$work/$(basename "$command" .cu).o
  # shellcheck disable=SC2086 (a command line)
  $command -o "$object"
  readelf -SW "$object" | grep -q nv_fatbin || { echo "$object has no code for a device"; exit 1; }
  echo "compiled $object"
done
"$cxx" -std=c++17 -O1 -I"$source/src" -o "$work/launch_all" "$source/tests/nn/launch_all.cpp" \
  "$source/src/nn/cuda/kernels.cpp" "$work"/*.o "$cudart" -ldl -lrt -lpthread
"$work/launch_all"
rm -rf "$work"
