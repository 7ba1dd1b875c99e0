#!/usr/bin/env bash
# From nothing to a spoken sentence; see --help.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
  cat <<'TEXT'
usage: bash cmake/quickstart.sh [--jobs N] [TEXT]

Installs what is missing (bash cmake/setup.sh --help), builds the release preset's program in build/release,
and speaks TEXT with the demo model to hello.wav. The demo model is tiny; for the sound of Chatterbox
give the program a folder with the real weights: build/release/bin/chatterbox speak --model DIR TEXT

  --jobs N   compilers at a time (default: one per core and 1.5 GB of memory)
  --help     this text
TEXT
}

jobs=$(default_jobs)
text="Hello, I am Chatterbox."
while [ $# -gt 0 ]; do
  case $1 in
    --jobs) jobs=${2-}; check_jobs "$jobs"; shift ;;
    -h | --help) usage; exit 0 ;;
    -*) usage >&2; echo "error: unknown option '$1'" >&2; exit 2 ;;
    *) text=$1 ;;
  esac
  shift
done

bash "$root/cmake/setup.sh"
cd "$root"
say "configuring build/release"
cmake --preset release -DCHATTERBOX_BUILD_TESTS=OFF -DCHATTERBOX_BUILD_BENCH=OFF \
  -DCHATTERBOX_BUILD_EXAMPLES=OFF
say "building with $jobs jobs"
cmake --build --preset release --parallel "$jobs" --target chatterbox-cli
say "build/release/bin/chatterbox speak --precision auto --seed 8 -o hello.wav \"$text\""
build/release/bin/chatterbox speak --precision auto --seed 8 -o hello.wav -- "$text"
say "wrote $root/hello.wav"
