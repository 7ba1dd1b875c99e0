#!/usr/bin/env bash
# Everything that a change must pass; see --help.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
  cat <<'TEXT'
usage: bash cmake/test.sh [--quick | --cuda] [--jobs N]

Installs what is missing (bash cmake/setup.sh --help), then
  1. checks the format of the sources
  2. builds the engine and the C ABI in the preset tsan, without libtorch, and runs their tests
     (ThreadSanitizer; the rest has no threads of its own)
  3. builds the preset asan-ubsan and runs its tests (AddressSanitizer, LeakSanitizer, UBSan, with the tiny
     models; of the program, the command batch alone, because each start takes seconds there, and not the
     demo voice, which runs what the tiny models run)
  4. builds the preset dev, warnings as errors, and runs all tests
A step that fails does not keep the next ones from running. The last lines are ctest's summary of step 4, and
the names of failed steps if there are any.

  --quick    steps 1 and 4 only, without the full-size models
  --cuda     the tests that need a GPU, and nothing else: builds the preset cuda and runs what has the label gpu.
             Without a GPU they are skipped, and the last line says so
  --jobs N   compilers and tests at a time (default: one per core and 1.5 GB of memory)
  --help     this text
TEXT
}

jobs=$(default_jobs)
quick=no
cuda=no
while [ $# -gt 0 ]; do
  case $1 in
    --quick) quick=yes ;;
    --cuda) cuda=yes ;;
    --jobs) jobs=${2-}; check_jobs "$jobs"; shift ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; echo "error: unknown option '$1'" >&2; exit 2 ;;
  esac
  shift
done

failed=()
step() {
  local name=$1 start=$SECONDS
  shift
  say "$name"
  if "$@"; then
    say "$name: passed in $((SECONDS - start)) s"
  else
    failed+=("$name")
    say "$name: FAILED after $((SECONDS - start)) s"
  fi
}

check_format() {
  local tool
  for tool in clang-format-14 clang-format build/tools/bin/clang-format; do
    if "$tool" --version 2>/dev/null | grep -q 'version 14\.'; then
      sh cmake/format.sh "$tool" --dry-run --Werror
      return
    fi
  done
  echo "clang-format 14 is missing" >&2
  return 1
}

build() { cmake --preset "$1" && cmake --build --preset "$1" --parallel "$jobs"; }

build_and_test() {
  local preset=$1
  shift
  build "$preset" && ctest --preset "$preset" --parallel "$jobs" "$@"
}

# What else the preset builds has no threads of its own. ThreadSanitizer cannot place its shadow memory where
# a kernel randomises addresses too widely.
test_threads() {
  local without_randomisation=()
  if setarch -R true 2>/dev/null; then without_randomisation=(setarch -R); fi
  local threaded=(engine_test capi_test random_driver_test)
  cmake --preset tsan && cmake --build --preset tsan --parallel "$jobs" --target "${threaded[@]}" &&
    "${without_randomisation[@]}" ctest --preset tsan --parallel "$jobs" -R "^($(IFS='|'; echo "${threaded[*]}"))$"
}

# The targets of the label gpu, which are few: all others are step 4's.
test_cuda() {
  cmake --preset cuda &&
    cmake --build --preset cuda --parallel "$jobs" --target gpu_probe gpu_test pipeline_test family_test stress_test &&
    ctest --preset cuda --label-regex '^gpu$' || return 1
  local probe=0
  build/cuda/tests/gpu/gpu_probe || probe=$?
  [ $probe -ne 77 ] || say "NO GPU: all tests that need one were SKIPPED"
}

if [ $cuda = yes ]; then
  [ $quick = no ] || { usage >&2; echo "error: --cuda and --quick exclude each other" >&2; exit 2; }
  bash "$root/cmake/setup.sh" --tests --cuda
  cd "$root"
  test_cuda
  exit
fi
bash "$root/cmake/setup.sh" --tests
cd "$root"
step "format" check_format
if [ $quick = no ]; then
  step "ThreadSanitizer" test_threads
  step "AddressSanitizer and UBSan" build_and_test asan-ubsan
fi
say "all tests"
status=0
if [ $quick = yes ]; then
  build_and_test dev --label-exclude full || status=1
else
  build_and_test dev || status=1
fi
if [ ${#failed[@]} -gt 0 ]; then
  echo "FAILED steps: ${failed[*]}" >&2
  status=1
fi
exit $status
