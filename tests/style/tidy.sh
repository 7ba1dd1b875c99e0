#!/bin/sh
# tidy.sh ROOT: clang-tidy, with the tree's .clang-tidy, over what parses bytes that nobody vouches for. All of src, which
# takes an hour of one core, is looked at by `cmake --build --preset dev --target tidy`.
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
includes="-Isrc -Iinclude"
for folder in build/*/fmt; do [ ! -d "$folder" ] || includes="$includes -I$folder"; done
# shellcheck disable=SC2086
echo $parsers | tr ' ' '\n' | xargs -n 1 -P "$(nproc)" sh -c '
  tidy=$1 && includes=$2 && exec "$tidy" --quiet "$3" -- -std=c++17 $includes -DFMT_SHARED 2>/dev/null' sh "$tidy" "$includes"
