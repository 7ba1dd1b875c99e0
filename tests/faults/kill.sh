#!/usr/bin/env bash
# kill.sh PROGRAM COUNT: kills the program with SIGKILL at random moments of its commands. Under a final name there
# is never half a file, and the next run works.
set -euo pipefail
program=$1 count=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
RANDOM=${SEED:-7}
quick=(--seed 1 --cfm-steps 1 --max-new-tokens 20 --threads 1)
text="One sentence. Another one."
long=$(for i in $(seq 12); do echo "This is sentence number $i of a long text."; done)
printf '%s\n' "$long" >long.txt
for i in $(seq 4); do printf '{"id": "r%s", "text": "Sentence %s."}\n' "$i" "$i"; done >requests.jsonl

run() {
  case $1 in
    speak) "$program" speak "$text" "${quick[@]}" -o speak.wav ;;
    long) "$program" speak --file long.txt "${quick[@]}" -o long.wav ;;
    batch) "$program" batch requests.jsonl "${quick[@]}" -o out --json out.jsonl ;;
    voice) "$program" voice make speak.wav --threads 1 -o made.voice ;;
  esac >/dev/null 2>&1
}

fail() { echo "kill $kill of '$command': $*" >&2; exit 1; }

# A file that its writer renames is the one that an undisturbed run makes; one that grows is whole at any moment.
check() {
  local file
  for file in speak.wav made.voice out/*.wav; do
    [ ! -e "$file" ] || cmp -s "$file" "good/$file" || fail "$file is not whole"
  done
  [ ! -e long.wav ] || python3 - long.wav <<'PYTHON' || fail "long.wav is not whole"
import struct, sys
data = open(sys.argv[1], "rb").read()
size = struct.unpack("<I", data[40:44])[0] if len(data) >= 44 else 0
sys.exit(len(data) != 0 and not (data[:4] == b"RIFF" and 44 + size <= len(data)))
PYTHON
}

mkdir -p out good/out
declare -A took
for command in speak long batch voice; do
  start=$(date +%s%N)
  run $command || { echo "'$command' fails by itself" >&2; exit 1; }
  took[$command]=$((($(date +%s%N) - start) / 1000000))
done
mv speak.wav made.voice good/ && mv out/*.wav good/out/
rm -f long.wav
cp good/speak.wav speak.wav
commands=(speak long batch voice)
for kill in $(seq "$count"); do
  command=${commands[$((kill % 4))]}
  run "$command" &
  child=$!
  milliseconds=$((RANDOM % (${took[$command]} + 1)))
  sleep "$(printf '%d.%03d' $((milliseconds / 1000)) $((milliseconds % 1000)))"
  # The program itself is a child of the shell that runs the function.
  pkill -KILL -P $child 2>/dev/null || true
  wait $child 2>/dev/null || true
  check
done
for command in speak long batch voice; do
  kill=last
  run $command || fail "the next run fails"
  check
done
leftovers=$(find . -name '.chatterbox-*' | wc -l)
echo "$count kills; $leftovers temporary files were left by them, and stood in nobody's way"
