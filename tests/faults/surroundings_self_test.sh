#!/usr/bin/env bash
# surroundings_self_test.sh: surroundings.sh passes a program that does all it asks for, and each of its checks finds a
# program that does not. The program is a shell's (fake_program.sh).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
install -m 755 "$here/fake_program.sh" "$folder/program"

# expect FAULT MESSAGE: with that fault it fails, and says so; with none, it passes. All are tried at a time: they wait
# more than they compute.
faults=() messages=() children=()
expect() {
  FAULT=$1 bash "$here/surroundings.sh" "$folder/program" >"$folder/$1.log" 2>&1 &
  faults+=("$1") messages+=("$2") children+=($!)
}
expect none 'all well'
expect silent 'it does not speak'
expect fifo_refused 'it does not write to a FIFO'
expect fifo_replaced 'the FIFO was replaced'
expect fifo_nothing 'nothing came out of the FIFO'
expect slow_refused 'it does not write to a slow pipe'
expect slow_truncated 'something else came out of a slow pipe'
expect stdout_refused 'it does not write to standard output'
expect stdout_nothing 'nothing came out'
expect reader_goes 'a reader that goes: exit code 139'
expect signal_recording 'SIGTERM while a recording is waited for: exit code 130'
expect signal_text 'SIGTERM while a text is waited for: exit code 130'
expect signal_output 'SIGTERM while an output is waited for: exit code 130'
expect voice_of_nothing 'an output of nothing'
expect full_ignored 'a full disk: -o a.wav --json full'
expect full_unnamed 'a full disk is not named: -o full'
expect device_replaced 'a device was replaced'
expect stopped_fails 'stopped and continued, it fails'
expect stopped_other 'stopped and continued, it gives something else'
if unshare -m true 2>/dev/null; then
  expect small_ignored 'a small disk: exit code 0'
  expect small_unnamed 'a small disk is not named'
  expect small_left 'a small disk: something was left'
  expect read_only_ignored 'a read-only disk: exit code 0'
  expect read_only_unnamed 'a read-only disk is not named'
  expect folder_ignored 'a read-only folder: exit code 0'
fi

bad=0
for i in "${!faults[@]}"; do
  code=0
  wait "${children[i]}" || code=$?
  expected=$([ "${faults[i]}" = none ] && echo 0 || echo 1)
  if [ $code -ne "$expected" ] || ! grep -qxF -- "${messages[i]}" "$folder/${faults[i]}.log"; then
    echo "${faults[i]}: exit code $code, and not '${messages[i]}':"
    cat "$folder/${faults[i]}.log"
    bad=1
  fi
done
[ $bad -eq 0 ] || exit 1
echo "each of ${#faults[@]} programs is judged rightly"
