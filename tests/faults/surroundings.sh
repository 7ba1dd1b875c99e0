#!/usr/bin/env bash
# surroundings.sh PROGRAM: pipes, full disks, folders that cannot be written to, a stopped process. What the machine
# does not allow is skipped, and said.
set -euo pipefail
program=$1
folder=$(mktemp -d)
trap '{ jobs -p | xargs -r kill || true; } 2>/dev/null; rm -rf "$folder"' EXIT # a job may have ended by itself
cd "$folder"
quick=(--seed 1 --cfm-steps 1 --max-new-tokens 20 --threads 1)
speak() { "$program" speak "Hello there." "${quick[@]}" "$@" 2>err; }
fail() { echo "$*" >&2; cat err >&2; exit 1; }
code_of() { local code=0; "$@" || code=$?; echo $code; }
# Where the program's time on a CPU stands still, it waits: here, for the other end of a pipe.
wait_until_it_waits() { # PID
  local before=-1 now
  while now=$(awk '{ print $14 + $15 }' "/proc/$1/stat") && [ "$now" != "$before" ]; do
    before=$now
    sleep 0.5
  done
}
# Signals the program that was begun last until it ends, and says so where its exit code is not $1.
end_expecting() { # CODE WHAT
  local child=$! code=0
  wait_until_it_waits $child
  (for _ in {1..50}; do kill -TERM $child 2>/dev/null || exit 0; sleep 0.2; done; kill -KILL $child) &
  wait $child || code=$?
  wait $!
  [ $code -eq "$1" ] || fail "SIGTERM while $2 is waited for: exit code $code"
}

speak -o good.wav || fail "it does not speak"

mkfifo fifo
cat fifo >from_fifo.wav &
speak --format wav -o fifo || fail "it does not write to a FIFO"
[ -p fifo ] || fail "the FIFO was replaced"
while kill -0 $! 2>/dev/null; do # whom nobody wrote to need not wait, though it may not have opened the FIFO yet
  : <>fifo
  sleep 0.02
done
wait $!
[ -s from_fifo.wav ] || fail "nothing came out of the FIFO"

# Slowly read, it gives the same.
mkfifo slow
(while head -c 4096 >part && [ -s part ]; do cat part && sleep 0.02; done <slow >from_slow.wav) &
speak --format wav -o - >slow || fail "it does not write to a slow pipe"
wait $!
cmp from_slow.wav from_fifo.wav || fail "something else came out of a slow pipe"
speak --format wav -o - >stdout.wav || fail "it does not write to standard output"
[ -s stdout.wav ] || fail "nothing came out"
(code=0; speak --format wav -o - || code=$?; echo $code >code) | head -c 100 >/dev/null # a reader that goes
case $(<code) in 0 | 1 | 141) ;; *) fail "a reader that goes: exit code $(<code)" ;; esac

# Where nobody is at the other end of a FIFO, a signal still ends the program.
"$program" voice make fifo --threads 1 -o made.voice 2>err &
end_expecting 143 "a recording"
"$program" speak --file fifo "${quick[@]}" -o none.wav 2>err &
end_expecting 143 "a text"
"$program" speak "Hello there." "${quick[@]}" --format wav -o fifo 2>err &
end_expecting 143 "an output"
[ ! -e made.voice ] && [ ! -e none.wav ] || fail "an output of nothing"

# A device of its own where one can be made, which nobody misses if it is replaced.
mknod full c 1 7 2>/dev/null && ! { echo >full; } 2>/dev/null || ln -sf /dev/full full
for outputs in "-o full" "-o a.wav --json full" "-o a.wav --save-voice full" "-o a.wav --dump full"; do
  # shellcheck disable=SC2086
  [ "$(code_of speak --format wav $outputs)" -eq 1 ] || fail "a full disk: $outputs"
  grep -q 'No space left on device' err || fail "a full disk is not named: $outputs"
done
[ -c full ] || fail "a device was replaced"

# Stopped and continued, it gives the same.
"$program" speak "Hello there." "${quick[@]}" -o stopped.wav 2>err &
child=$!
for _ in 1 2 3 4; do
  sleep 0.15
  kill -STOP $child 2>/dev/null || true
  sleep 0.15
  kill -CONT $child 2>/dev/null || true
done
wait $child || fail "stopped and continued, it fails"
cmp stopped.wav good.wav || fail "stopped and continued, it gives something else"

if unshare -m true 2>/dev/null; then
  unshare -m bash -euc '
    mkdir small; mount -t tmpfs -o size=16k tmpfs small
    code=0; "$1" speak "Hello there. How are you?" -o small/a.wav --seed 1 --cfm-steps 1 --threads 1 2>err || code=$?
    [ $code -eq 1 ] || { echo "a small disk: exit code $code"; exit 1; }
    grep -q "No space left on device" err || { echo "a small disk is not named"; exit 1; }
    [ -z "$(ls -A small)" ] || { echo "a small disk: something was left"; exit 1; }
    mount -o remount,ro small
    code=0; "$1" speak "Hello there." -o small/a.wav --seed 1 --threads 1 2>err || code=$?
    [ $code -eq 1 ] || [ $code -eq 2 ] || { echo "a read-only disk: exit code $code"; exit 1; }
    grep -q "Read-only file system" err || { echo "a read-only disk is not named"; exit 1; }
    cd small
    code=0; "$1" speak "Hello there." --seed 1 --threads 1 2>../err || code=$?
    [ $code -eq 1 ] || [ $code -eq 2 ] || { echo "a read-only folder: exit code $code"; exit 1; }' bash "$program" || fail "a disk that is small or read-only"
else
  echo "SKIPPED: a small and a read-only disk; this user may not mount one"
fi
echo "all well"
