#!/bin/sh
# run.sh FOLDER WAV COMMAND...: runs COMMAND in FOLDER; it must leave a WAV with at least 0.1 s of sound.
set -eu
cd "$1"
wav=$2
shift 2
rm -f "$wav"
"$@"
[ "$(head -c 4 "$wav")" = RIFF ] || { echo "$wav is not a WAV file"; exit 1; }
bytes=$(wc -c <"$wav")
[ "$bytes" -gt 4800 ] || { echo "$wav has $bytes bytes"; exit 1; }
# Silence is one byte value over and over.
[ "$(tail -c +45 "$wav" | od -An -v -tx1 -w1 | sort -u | wc -l)" -gt 16 ] || { echo "$wav is silent"; exit 1; }
