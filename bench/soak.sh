#!/usr/bin/env bash
# Requests for minutes or hours, and whether the process stays as it is; see --help.
. "$(dirname "${BASH_SOURCE[0]}")/../cmake/common.sh"

usage() {
  cat <<'TEXT'
usage: bash bench/soak.sh [--minutes M] [--preset NAME] [--random | --models]

Repeats the stress test of the C functions (10 000 requests from 8 threads, a quarter of them cancelled, each ends
exactly once and has the bits that it has alone) in one process, and looks at its resident memory, its open files
and its threads meanwhile. After a third of the time for warming up, memory may grow by 1 MiB an hour, or by 2 MiB
in all, whichever is more; files and threads by a quarter: engines come and go.

  --minutes M     default 2
  --preset NAME   of the build, default dev
  --random        12 800 calls a round instead, at random from 32 threads: streams, voices, long texts, deadlines,
                  cancellations, engines that come and go
  --models        1500 requests a round over the real executor with the tiny models instead of the fake one
  --help          this text
TEXT
}

minutes=2
preset=dev
program=tests/capi/capi_test
filter='StressTest.*'
unit='requests' each=10000
while [ $# -gt 0 ]; do
  case $1 in
    --minutes) minutes=${2-}; [[ $minutes =~ ^[1-9][0-9]*$ ]] || die "--minutes needs a number, got '$minutes'"; shift ;;
    --preset) preset=${2-}; shift ;;
    --random) program=tests/engine/random_driver_test filter='RandomDriver.*' unit='calls' each=12800 ;;
    --models) program=tests/golden/stress_test filter='RealStress.*' each=1500 ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; die "unknown option '$1'" ;;
  esac
  shift
done
program="$root/build/$preset/$program"
[ -x "$program" ] || die "$program is missing: cmake --build --preset $preset"

log=$(mktemp)
OMP_WAIT_POLICY=passive "$program" --gtest_filter="$filter" --gtest_repeat=-1 --gtest_break_on_failure >"$log" 2>&1 &
child=$!
trap 'kill $child 2>/dev/null || true; rm -f "$log"' EXIT

# Its own: pages of files come and go as the kernel likes.
resident_kib() { awk '/^RssAnon:/ { print $2 }' "/proc/$child/status"; }
most() { printf '%s\n' "$@" | sort -n | tail -n 1; }

end=$((SECONDS + 60 * minutes)) warm=$((SECONDS + 20 * minutes))
first=0 last=0 first_files=0 files=0 first_threads=0 threads=0
while [ $SECONDS -lt $end ]; do
  sleep 1
  kill -0 $child 2>/dev/null || { tail -n 40 "$log"; die "the test failed"; }
  # Of a round, which takes seconds, the most counts.
  now=$(resident_kib) now_files=$(ls "/proc/$child/fd" | wc -l) now_threads=$(ls "/proc/$child/task" | wc -l)
  if [ $SECONDS -lt $warm ]; then
    first=$(most "$first" "$now") first_files=$(most "$first_files" "$now_files")
    first_threads=$(most "$first_threads" "$now_threads")
  else
    last=$(most "$last" "$now") files=$(most "$files" "$now_files") threads=$(most "$threads" "$now_threads")
  fi
done
rounds=$(grep -c '^\[  PASSED  \]' "$log" || true)
growth=$((last - first))
allowed=$(most 2048 $((minutes * 1024 / 60)))
echo "$((rounds * each)) $unit in $minutes min; memory $first KiB while warming up, $last KiB after it;" \
  "$first_files and $files files; $first_threads and $threads threads"
[ "$rounds" -gt 0 ] || die "not one round was done"
[ $growth -le "$allowed" ] || die "memory grew by $growth KiB, $allowed are allowed"
[ "$files" -le $((first_files * 5 / 4)) ] || die "the number of open files grew"
[ "$threads" -le $((first_threads * 5 / 4)) ] || die "the number of threads grew"
