#!/usr/bin/env bash
# Builds the fuzz targets with libFuzzer and runs all in turn; see --help.
. "$(dirname "${BASH_SOURCE[0]}")/../../cmake/common.sh"

usage() {
  cat <<'TEXT'
usage: bash tests/fuzz/run.sh [--seconds N] [--coverage] [TARGET[:SECONDS]...] [-- OPTION...]

Builds the preset fuzz (clang) and runs each target, or those that are named (safetensors, zip:300, ...), over its
corpus, which grows in build/fuzz/corpus. Adds what was run to build/fuzz/executions and prints all of it so far.
A finding is kept in build/fuzz/findings, and makes the script fail. What follows -- goes to libFuzzer, such as
-timeout=3600 where the process is stopped for a while.

  --seconds N   for each target that names none (default 60)
  --coverage    the share of its own sources' lines that each target's corpus reaches, instead of fuzzing
  --help        this text
TEXT
}

seconds=60
coverage=no
targets=()
declare -A time_of=()
while [ $# -gt 0 ]; do
  case $1 in
    --seconds) seconds=${2-}; [[ $seconds =~ ^[1-9][0-9]*$ ]] || die "--seconds needs a number, got '$seconds'"; shift ;;
    --coverage) coverage=yes ;;
    -h | --help) usage; exit 0 ;;
    --) break ;;
    -*) usage >&2; die "unknown option '$1'" ;;
    *:*) [[ $1 =~ ^[a-z0-9]+:[1-9][0-9]*$ ]] || die "TARGET:SECONDS needs a number, got '$1'"
      targets+=("${1%:*}"); time_of[${1%:*}]=${1#*:} ;;
    *) targets+=("$1") ;;
  esac
  shift
done
fuzzer_options=("${@:2}")
[ ${#targets[@]} -gt 0 ] ||
  targets=(safetensors zip pickle voice audio tokenizer gpt2 sentencepiece cangjie text lines options job url form
    speech)

here="$root/tests/fuzz"
preset=fuzz
[ $coverage = no ] || preset=fuzz-coverage
build="$root/build/$preset"
kept="$root/build/fuzz"
names=()
for target in "${targets[@]}"; do
  [ -f "$here/${target}_fuzz.cpp" ] || die "there is no target '$target'"
  names+=("${target}_fuzz")
done
cd "$root"
mkdir -p "$kept/findings"
cmake --preset $preset >"$kept/cmake.log" 2>&1 || { tail "$kept/cmake.log"; die "cmake failed"; }
cmake --build --preset $preset --parallel "$(default_jobs)" --target "${names[@]}"

# Where a target begins: its own seeds, and data of the tests that are such files.
seeds_of() {
  case $1 in
    sentencepiece) echo "$here/corpus/$1" "$root/tests/data/sentencepiece" ;;
    *) echo "$here/corpus/$1" ;;
  esac
}

dictionary_of() {
  [ ! -f "$here/dictionaries/$1.dict" ] || echo "-dict=$here/dictionaries/$1.dict"
}

# The sources that a target is about.
sources_of() {
  case $1 in
    safetensors) echo src/checkpoint/safetensors.cpp ;;
    zip) echo src/checkpoint/zip_archive.cpp src/checkpoint/torch_zip.cpp src/checkpoint/torch_checkpoint.cpp ;;
    pickle) echo src/checkpoint/pickle.cpp ;;
    voice) echo src/voice/conditionals.cpp ;;
    audio) echo src/audio/wav_reader.cpp src/audio/ogg_pages.cpp src/audio/decode_sndfile.cpp src/audio/decode_mp3.cpp ;;
    tokenizer) echo src/text/hf_tokenizer.cpp src/text/hf_tokenizer_parser.cpp src/text/bpe_model.cpp ;;
    gpt2) echo src/text/gpt2_files.cpp src/text/bpe_parts.cpp src/text/byte_level.cpp ;;
    sentencepiece) echo src/text/sentencepiece_tokenizer.cpp ;;
    cangjie) echo src/text/cangjie.cpp ;;
    text) echo src/text/splitter.cpp src/text/pause_markup.cpp src/text/punc_norm.cpp ;;
    lines) echo src/cli/request_lines.cpp src/app/json_line.cpp ;;
    url) echo src/server/url.cpp ;;
    form) echo src/server/multipart.cpp ;;
    speech) echo src/server/speech_request.cpp src/server/json_fields.cpp ;;
    *) echo ;;
  esac
}

cover() {
  local sources
  sources=$(sources_of "$1")
  [ -n "$sources" ] || return 0
  # shellcheck disable=SC2046,SC2086
  LLVM_PROFILE_FILE="$build/$1.profraw" "$build/tests/fuzz/$1_fuzz" -runs=0 "$kept/corpus/$1" $(seeds_of "$1") \
    >/dev/null 2>&1 || die "$1 fails on its corpus"
  llvm-profdata-14 merge -o "$build/$1.profdata" "$build/$1.profraw"
  # shellcheck disable=SC2086
  printf '%-14s %s of the lines of %s\n' "$1" "$(llvm-cov-14 report "$build/tests/fuzz/$1_fuzz" \
    -instr-profile="$build/$1.profdata" $sources | awk '/^TOTAL/ { print $10 }')" "$sources"
}

failed=()
fuzz_lengths() { # TARGET SECONDS MOST: inputs of so many bytes at most
  local log="$kept/$1.log" runs
  # shellcheck disable=SC2046
  if ! "$build/tests/fuzz/$1_fuzz" -max_total_time="$2" -timeout=20 -rss_limit_mb=4096 -max_len="$3" \
    -print_final_stats=1 -artifact_prefix="$kept/findings/$1-" $(dictionary_of "$1") "${fuzzer_options[@]}" \
    "$kept/corpus/$1" $(seeds_of "$1") >"$log" 2>&1; then
    failed+=("$1")
    grep -m 3 -E 'ERROR|SUMMARY|fuzz: ' "$log" || tail -n 3 "$log"
  fi
  # Where it ends with a finding, there may be no statistics: then the last line of its progress counts.
  runs=$(awk '/^#[0-9]+/ { runs = substr($1, 2) } /stat::number_of_executed_units/ { runs = $2 } END { print runs }' "$log")
  echo "$1 ${runs:-0}" >>"$kept/executions"
}

# Short inputs are several times faster, and most of what goes wrong fits into them.
fuzz() {
  local all="${time_of[$1]-$seconds}"
  mkdir -p "$kept/corpus/$1"
  fuzz_lengths "$1" $((all - all / 4)) 400
  fuzz_lengths "$1" $((all / 4 + 1)) 16384
}

# Less bookkeeping, for speed; to look at a finding, run it without.
export ASAN_OPTIONS=${ASAN_OPTIONS-malloc_context_size=2:quarantine_size_mb=16:allocator_release_to_os_interval_ms=-1}
for target in "${targets[@]}"; do
  if [ $coverage = yes ]; then cover "$target"; else fuzz "$target"; fi
done
[ $coverage = no ] || exit 0
awk '{ runs[$1] += $2; all += $2 } END { for (t in runs) printf "%-14s %12d\n", t, runs[t]; printf "%-14s %12d\n", "all", all }' \
  "$kept/executions" | sort
[ ${#failed[@]} -eq 0 ] || die "findings in $kept/findings: ${failed[*]}"
