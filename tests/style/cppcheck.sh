#!/bin/sh
# cppcheck.sh ROOT: cppcheck over all of src. It knows nothing of libtorch, and passes over what it has from there.
set -eu
cd "$1"
command -v cppcheck >/dev/null || { echo "SKIPPED: cppcheck is not installed"; exit 77; }
cppcheck --enable=warning,performance,portability --std=c++17 --language=c++ -I src -I include --quiet --error-exitcode=1 \
  --suppress=missingInclude --suppress=unknownMacro --suppress=unmatchedSuppression --suppressions-list=cmake/cppcheck.txt \
  --template='{file}:{line}: {id}: {message}' src
