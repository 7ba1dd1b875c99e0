#!/bin/sh
# format.sh CLANG_FORMAT OPTIONS...: runs clang-format with the options on every C and C++ source of the
# project. Run it in the project's root.
set -eu
find include src tests examples bench cmake -type f \( -name '*.h' -o -name '*.hpp' -o -name '*.c' \
  -o -name '*.cpp' -o -name '*.cu' -o -name '*.cuh' \) -exec "$@" {} +
