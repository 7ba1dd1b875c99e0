#!/bin/sh
# cppcheck.sh ROOT: cppcheck over all that includes no libtorch, of whose macros it knows nothing.
set -eu
cd "$1"
command -v cppcheck >/dev/null || { echo "SKIPPED: cppcheck is not installed"; exit 77; }
# shellcheck disable=SC2046
cppcheck --enable=warning,performance,portability --std=c++17 --language=c++ -I src -I include --quiet --error-exitcode=1 \
  --suppress=missingInclude --suppress=unknownMacro --suppress=unmatchedSuppression --suppressions-list=cmake/cppcheck.txt \
  --template='{file}:{line}: {id}: {message}' src/support src/checkpoint src/audio src/text src/engine src/capi src/cli \
  src/voice/conditionals.cpp $(grep -L 'ATen\|c10' src/runtime/*.cpp)
