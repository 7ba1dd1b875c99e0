#!/bin/sh
# tidy.sh ROOT [all]: clang-tidy, with the tree's .clang-tidy, over what parses bytes that nobody vouches for; with
# `all` over everything that includes no libtorch, which takes ten minutes of one core. What does include it is looked
# at by the target `tidy`, which takes hours.
set -eu
cd "$1"
tidy=
for name in clang-tidy-14 clang-tidy; do
  if "$name" --version 2>/dev/null | grep -q 'version 14\.'; then tidy=$name && break; fi
done
[ -n "$tidy" ] || { echo "SKIPPED: clang-tidy 14 is not installed"; exit 77; }
parsers="src/checkpoint/*.cpp src/text/json_reader.cpp src/text/hf_tokenizer*.cpp src/text/gpt2_files.cpp
  src/text/cangjie.cpp src/text/pause_markup.cpp src/text/splitter.cpp src/audio/wav_reader.cpp
  src/audio/ogg_pages.cpp src/voice/conditionals.cpp src/server/url.cpp src/server/multipart.cpp"
[ "${2-}" != all ] || parsers=$(find src -name '*.cpp' ! -path 'src/server/*')
# shellcheck disable=SC2086
sources=$(grep -L 'ATen\|c10' $parsers || true) # its status says whether one was left out
includes="-Isrc -Iinclude"
for folder in build/*/fmt; do [ ! -d "$folder" ] || includes="$includes -I$folder"; done
# shellcheck disable=SC2086
echo $sources | tr ' ' '\n' | xargs -n 1 -P "$(nproc)" sh -c '
  tidy=$1 && includes=$2 && exec "$tidy" --quiet --warnings-as-errors="*" --header-filter="/src/" "$3" -- -std=c++17 \
    $includes -DFMT_SHARED 2>/dev/null' sh "$tidy" "$includes"
