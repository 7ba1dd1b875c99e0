#!/bin/sh
# check_abi_test.sh INCLUDE CC: check_abi.sh lets members be appended, and nothing else be changed.
set -eu
include=$1 cc=$2
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# With a header changed by a sed command, the check's exit code is as expected.
expect() {
  code=$1 header=$2 change=$3
  rm -rf "$work/include"
  cp -r "$include" "$work/include"
  sed -i "$change" "$work/include/chatterbox/$header"
  cmp -s "$include/chatterbox/$header" "$work/include/chatterbox/$header" && { echo "changes nothing: $change"; exit 1; }
  status=0
  output=$(sh "$here/check_abi.sh" "$include" "$work/include" "$cc" 2>&1) || status=$?
  [ "$status" = "$code" ] || { echo "$header, $change: expected $code, got $status: $output"; exit 1; }
}
expect 0 request.h 's/^} chatterbox_request;/  int64_t appended;\n} chatterbox_request;/'
expect 0 engine.h 's/CHATTERBOX_FAMILY_NANO = 6/CHATTERBOX_FAMILY_NANO = 6,\n  CHATTERBOX_FAMILY_NEXT = 7/'
expect 0 engine.h 's/^#ifdef __cplusplus$/int32_t chatterbox_engine_new_function(void);\n&/'
expect 0 engine.h 's/A loaded model/Something else/; s/Loading a model/Words/'
expect 1 request.h 's/^  float top_p;/  int32_t inserted;\n  float top_p;/'
expect 1 request.h 's/^  float top_p;/  double top_p;/'
expect 1 request.h '/^  float top_p;/d'
expect 1 engine.h '/^  int32_t reserved;/d'
expect 1 engine.h 's/CHATTERBOX_FAMILY_NANO = 6/CHATTERBOX_FAMILY_NANO = 7/'
expect 1 status.h 's/Busy, -11/Busy, -12/'
expect 1 engine.h 's/^} chatterbox_file;/  int64_t appended;\n} chatterbox_file;/'
expect 1 types.h 's/#define CHATTERBOX_FOREVER (-1)/#define CHATTERBOX_FOREVER (-2)/'
expect 1 job.h 's/int64_t timeout_ms/int32_t timeout_ms/'
expect 1 types.h 's/^typedef int32_t (\*chatterbox_progress_callback)/typedef void (*chatterbox_progress_callback)/'
echo "14 changes, judged rightly"
