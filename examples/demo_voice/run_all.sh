#!/usr/bin/env bash
# Runs every stage in order. A stage that is done is skipped, one that was cut off goes on.
# Options go to all stages: --work DIR, --threads N, --smoke. See README.md.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
python=${PYTHON:-python3}
export OMP_WAIT_POLICY=passive

case "${1:-}" in
  -h | --help) sed -n '2,3s/^# //p' "${BASH_SOURCE[0]}"; exit 0 ;;
esac

run() {
  local stage=$1
  shift
  echo "== $stage"
  "$python" "$here/$stage.py" "$@"
}

for stage in make_speech make_prosody make_data train_tokenizer train_speaker make_tokens; do run $stage "$@"; done
# T3 beside the acoustic stages, a thread each: models of this size gain little from a second one.
run train_t3 --threads 1 "$@" &
t3=$!
trap 'kill $t3 2>/dev/null || true' EXIT
for stage in train_hift train_adversarial train_phones train_flow train_pitch; do run $stage --threads 1 "$@"; done
wait $t3
trap - EXIT
for stage in rank_heads export evaluate; do run $stage "$@"; done
