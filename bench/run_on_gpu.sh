#!/usr/bin/env bash
# Tests and measures the library on a GPU; see --help.
. "$(dirname "${BASH_SOURCE[0]}")/../cmake/common.sh"

usage() {
  cat <<'TEXT'
usage: bash bench/run_on_gpu.sh OUT

One call, under nine minutes and without a network, for a machine with an NVIDIA GPU: runs the tests that need one, and
measures the decode step, the real-time factor, the first audio of streams, batches beside requests one after the other,
and whether tokens are the CPU's. In the folder OUT it leaves report.md, report.json, what chatterbox-bench wrote, and
the logs: eight files.

It takes libtorch with CUDA from CHATTERBOX_LIBTORCH, else the torch of the python3 on PATH; and the programs from the
first of these that is there:
  build/gpu.tar.xz or build/gpu   what bench/pack_for_gpu.sh made on a machine with everything that the build needs
  build/cuda                      the preset cuda, which is built here if it is not

Exit codes: 0 all is well, 1 something failed (the rest was run), 2 wrong usage, 3 this machine has no GPU, 4 there is
no libtorch with CUDA, 5 the programs are not there and cannot be built.
TEXT
}

case ${1-} in
  -h | --help) usage; exit 0 ;;
  '' | -*) usage >&2; exit 2 ;;
esac
[ $# -eq 1 ] || { usage >&2; exit 2; }
mkdir -p "$1"
out=$(cd "$1" && pwd)
cd "$root" || exit 2

readonly most_seconds=520
# What is left of the time, or less where a step has a limit of its own.
time_for() {
  local left=$((most_seconds - SECONDS))
  [ $left -gt 1 ] || left=1
  echo $(($1 < left ? $1 : left))
}
failed=()
# step NAME SECONDS LOG COMMAND...: what fails or takes too long does not keep the next ones from running.
step() {
  local name=$1 seconds=$2 log=$3 start=$SECONDS status=0
  shift 3
  timeout -k 5 "$(time_for "$seconds")" "$@" >>"$log" 2>>"$out/run.log" || status=$?
  say "$name: status $status after $((SECONDS - start)) s" | tee -a "$out/run.log"
  [ $status -eq 0 ] || failed+=("$name")
  return $status
}

find_gpu() {
  {
    uname -srm
    lscpu | grep -E 'Model name|^CPU\(s\)' || true
    nvidia-smi -q -d MEMORY,CLOCK 2>/dev/null || true
  } >"$out/machine.txt"
  nvidia-smi -L >>"$out/machine.txt" 2>&1 && grep -q '^GPU 0' "$out/machine.txt" && return
  say "NO GPU: nvidia-smi finds none on this machine, so nothing was run" | tee "$out/run.log"
  exit 3
}

find_libtorch() {
  local folder
  for folder in "${CHATTERBOX_LIBTORCH:-}" "${CHATTERBOX_LIBTORCH:-}/torch" "$(python3 -c \
    'import importlib.util as u; s = u.find_spec("torch"); print(s.submodule_search_locations[0] if s else "")' \
    2>/dev/null)"; do
    [ -f "$folder/lib/libtorch_cuda.so" ] || continue
    libtorch=$folder
    return
  done
  say "NO LIBTORCH with CUDA: set CHATTERBOX_LIBTORCH, or install torch for python3" | tee "$out/run.log"
  exit 4
}

readonly targets=(gpu_test pipeline_test family_test stress_test chatterbox-bench chatterbox-cli write_synthetic)

# Tests look for their data where they were built.
link_sources() {
  local built
  built=$(cat build/gpu/root)
  [ -e "$built" ] || { mkdir -p "$(dirname "$built")" && ln -s "$root" "$built"; }
}

find_programs() {
  if [ -f build/gpu.tar.xz ] && [ ! -d build/gpu ]; then tar -C build -xJf build/gpu.tar.xz; fi
  if [ -d build/gpu ]; then
    programs=build/gpu
    link_sources
  elif cmake --preset cuda -DCHATTERBOX_LIBTORCH="$libtorch" >>"$out/run.log" 2>&1 &&
    timeout "$(time_for 300)" cmake --build --preset cuda --parallel "$(default_jobs)" --target "${targets[@]}" \
      >>"$out/run.log" 2>&1; then
    programs=build/cuda
  else
    say "NO PROGRAMS: there is no build/gpu.tar.xz, and the preset cuda does not build here (run.log)"
    exit 5
  fi
  export LD_LIBRARY_PATH=$root/build/gpu/lib:$libtorch/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
}
program() { find "$programs" -type f -name "$1" -perm -u+x | head -n 1; }

# The test program without its tests says whether the library finds a device.
probe() {
  step "probe" 60 "$out/tests.log" "$(program gpu_test)" --gtest_filter=none && return
  say "NO GPU: the library finds no device that computes (tests.log), so nothing was run" | tee -a "$out/run.log"
  exit 3
}

run_tests() {
  local name seconds path arguments
  while read -r name seconds path arguments; do
    [ -n "$name" ] || continue
    echo "== $name" >>"$out/tests.log"
    # shellcheck disable=SC2086 (words)
    step "$name" "$seconds" "$out/tests.log" env CHATTERBOX_TEST_DEVICE=cuda OMP_WAIT_POLICY=passive \
      "$(program "$(basename "$path")")" $arguments || true
  done <"$(find "$programs" -name tests.txt | head -n 1)"
}

# bench FILE SECONDS OPTIONS...: a report of chatterbox-bench.
bench() {
  local file=$1 seconds=$2
  shift 2
  step "$file" "$seconds" "$out/$file" "$(program chatterbox-bench)" --model "$model" --device cuda --output json \
    --warmup 1 --texts "$root/bench/quality_sentences.txt" --max-new-tokens 100 --temperature 0.8 "$@" || true
}

# The same words on both devices in fp32, greedy and drawn. One Euler step: only the tokens are looked at.
compare_tokens() {
  local kind device temperature
  for kind in greedy sampled; do
    temperature=0.8
    [ $kind = sampled ] || temperature=0
    for device in cpu cuda; do
      step "tokens $kind $device" 60 "$out/run.log" "$(program chatterbox)" speak --model "$model" --device $device \
        --precision fp32 --seed 7 --temperature $temperature --max-new-tokens 60 --cfm-steps 1 --watermark off \
        --dump "$work/$kind.$device" --output "$work/speech.wav" "The morning train was late again." || true
    done
  done
}

rm -f "$out"/{report.md,report.json,decode.json,modes.json,streams.json,tests.log,run.log,machine.txt}
find_gpu
find_libtorch
find_programs
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
model=$work/model
say "programs: $programs, libtorch: $libtorch" | tee -a "$out/run.log"
probe
run_tests
if step "model of the official size" 120 "$out/run.log" "$(program write_synthetic)" full "$model"; then
  # 128 streams of two rows take most of an H200's memory.
  bench decode.json 100 --mode batch --batch-size 1,8,32,128 --repetitions 1 --cfm-steps 2
  bench modes.json 120 --mode sequential,dynamic --batch-size 1,8,32 --repetitions 1
  bench streams.json 60 --listeners 1,32 --repetitions 2
  compare_tokens
fi
python3 bench/gpu_report.py "$out" "$work" || failed+=("report")
cat "$out/report.md"
if [ ${#failed[@]} -gt 0 ]; then
  say "FAILED: ${failed[*]}" | tee -a "$out/run.log"
  exit 1
fi
