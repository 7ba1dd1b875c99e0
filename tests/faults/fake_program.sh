#!/usr/bin/env bash
# What surroundings.sh asks of the program, done by a shell. FAULT names the one thing that it does wrong.
set -uo pipefail
is() { [ "${FAULT-}" = "$1" ]; }
refuse() { echo "chatterbox: error: ${1-no}" >&2; exit 1; }
samples() { head -c 40000 /dev/zero | tr '\0' "${1-a}"; }
wait_badly() { trap 'kill $!; exit 130' TERM; sleep 100 & wait $!; }

# A whole file or none, but into what is no regular file.
write_to() { # PATH
  if [ "$1" = - ]; then
    samples
  elif [ -e "$1" ] && [ ! -f "$1" ]; then
    samples >"$1"
  else
    { samples >"$1.tmp" && mv "$1.tmp" "$1"; } || { rm -f "$1.tmp"; exit 1; }
  fi || exit
}

output=speech.wav input='' others=()
recording=$3
for ((i = 1; i <= $#; ++i)); do
  next=$((i + 1))
  case ${!i} in
    -o) output=${!next} ;;
    --file) input=${!next} ;;
    --json | --save-voice | --dump) others+=("${!next}") ;;
  esac
done

if [ "$1" = voice ]; then
  if is voice_of_nothing; then echo >"$output"; fi
  if is signal_recording; then wait_badly; fi
  : <"$recording"
fi
if [ -n "$input" ]; then
  if is signal_text; then wait_badly; fi
  : <"$input"
fi

stdout=$(readlink /proc/$$/fd/1)
case $output in
  good.wav) if is silent; then refuse; fi ;;
  fifo)
    if is fifo_refused; then refuse; fi
    if is fifo_nothing; then exit; fi
    if is fifo_replaced; then rm fifo && samples >fifo; exit; fi
    if is signal_output && [ -e stdout.wav ]; then wait_badly; fi ;;
  -)
    case $stdout in
      */slow) if is slow_refused; then refuse; elif is slow_truncated; then samples | head -c 5000; exit 0; fi ;;
      pipe:*) if is reader_goes; then exit 139; fi ;;
      *) if is stdout_refused; then refuse; elif is stdout_nothing; then exit; fi ;;
    esac ;;
  full) if is full_unnamed; then refuse; fi ;;
  stopped.wav)
    if is stopped_fails; then refuse; fi
    if is stopped_other; then samples b >stopped.wav; exit; fi ;;
  small/a.wav)
    if touch small/x 2>/dev/null; then
      rm small/x
      if is small_ignored; then exit 0; fi
      if is small_unnamed; then refuse; fi
      if is small_left; then samples >small/a.wav; exit; fi
    else
      if is read_only_ignored; then exit 0; fi
      if is read_only_unnamed; then refuse; fi
    fi ;;
  speech.wav) if is folder_ignored; then exit 0; fi ;;
esac
write_to "$output"
for other in "${others[@]}"; do
  case ${FAULT-}$* in
    full_ignored*--json*) exit 0 ;;
    device_replaced*--dump*) rm full && echo >full && refuse "No space left on device" ;;
  esac
  write_to "$other"
done
