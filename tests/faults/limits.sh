#!/usr/bin/env bash
# limits.sh PROGRAM: limits of processes, memory, files and their size, a machine without /proc, quotas of a control
# group. The program speaks as without them, or says why not; no signal ends it. What the machine does not allow is
# skipped, and said.
set -euo pipefail
program=$1
folder=$(mktemp -d)
chmod 755 "$folder"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
quick=(--seed 1 --cfm-steps 1 --max-new-tokens 20)
speak() { "$program" speak "Hello there." "${quick[@]}" "$@" 2>err; }
fail() { echo "$*" >&2; cat err >&2; exit 1; }
skip() { echo "SKIPPED: $*"; }
# An error of the program's own: one line, and the code that it has for that.
expect_error() { # CODE WHAT
  [ "$1" -eq 1 ] || fail "$2: exit code $1"
  grep -q '^chatterbox: error: ' err || fail "$2: no message"
}
expect_same() { cmp "$1" good.wav || fail "$2: something else is spoken"; }

speak --threads 1 -o good.wav || fail "it does not speak"

# Files: the libraries are there by then.
(ulimit -n 16; speak --threads 1 -o files.wav) || fail "16 open files"
expect_same files.wav "16 open files"

# The size of a file, in KiB: the signal that comes with it says no more than the error.
code=0
(ulimit -f 4; trap '' XFSZ; speak --threads 1 -o large.wav) || code=$?
expect_error $code "a limit of the size of a file"
[ ! -e large.wav ] || fail "a file that may not be that large was left"

# Memory: from nothing at all to what is enough, it speaks or says that there is none. Below the first, the linker does
# not load the libraries, of which libtorch ends the process.
enough=no
for mib in 700 900 1600 4000; do
  code=0
  (ulimit -v $((mib * 1024)); speak --threads 1 -o memory.wav) || code=$?
  if [ $code -eq 0 ]; then
    expect_same memory.wav "$mib MiB"
    enough=yes
  elif [ $code -eq 134 ]; then
    echo "libtorch ends the process where it has $mib MiB" # as SECURITY.md says
  else
    expect_error $code "$mib MiB"
  fi
done
[ $enough = yes ] || fail "4000 MiB are not enough"

# Processes, which are threads as well, of a user who is not root.
if setpriv --reuid=65534 --regid=65534 --clear-groups "$program" --version >/dev/null 2>&1; then
  code=0
  setpriv --reuid=65534 --regid=65534 --clear-groups prlimit --nproc=1 \
    "$program" speak "Hello there." "${quick[@]}" --threads 1 -o - >threads.wav 2>err || code=$?
  if [ $code -eq 0 ]; then fail "a thread beyond the limit"; fi
  expect_error $code "no threads"
  grep -q thread err || fail "the message does not say that it was a thread"
else
  skip "a limit of processes; this user cannot be another"
fi

# Neither /proc nor /sys.
if unshare -m true 2>/dev/null; then
  cat >bare.sh <<'BARE'
mount -t tmpfs tmpfs /proc
mount -t tmpfs tmpfs /sys
exec "$@"
BARE
  code=0
  unshare -m bash bare.sh "$program" speak "Hello there." "${quick[@]}" --threads 1 -o bare.wav 2>err || code=$?
  if [ $code -eq 0 ]; then # libtorch asks /proc what the processor is
    expect_same bare.wav "without /proc"
  else
    expect_error $code "without /proc"
  fi
else
  skip "a machine without /proc; this user may not mount"
fi

# A fifth of a processor.
group=
for parent in /sys/fs/cgroup /sys/fs/cgroup/cpu; do
  [ -z "$group" ] && mkdir "$parent/chatterbox_test_$$" 2>/dev/null || continue
  group=$parent/chatterbox_test_$$
  if { [ -e "$group/cpu.max" ] && echo "20000 100000" >"$group/cpu.max"; } 2>/dev/null; then break; fi
  if { [ -e "$group/cpu.cfs_quota_us" ] && echo 20000 >"$group/cpu.cfs_quota_us"; } 2>/dev/null; then break; fi
  rmdir "$group"
  group=
done
if [ -n "$group" ]; then
  trap 'rmdir "$group" 2>/dev/null || true; rm -rf "$folder"' EXIT
  code=0
  (echo $BASHPID >"$group/cgroup.procs" && speak -o quota.wav) || code=$?
  [ $code -eq 0 ] || fail "a fifth of a processor: exit code $code"
  expect_same quota.wav "a fifth of a processor"
else
  skip "a control group's quota; none can be made here"
fi
echo "all well"
