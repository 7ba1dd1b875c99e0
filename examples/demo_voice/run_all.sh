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

for stage in make_data train_tokenizer train_speaker make_tokens train_t3 train_flow train_hift export evaluate; do
  echo "== $stage"
  "$python" "$here/$stage.py" "$@"
done
