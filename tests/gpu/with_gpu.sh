#!/bin/sh
# with_gpu.sh PROBE PROGRAM ARGUMENTS...: runs the program where gpu_probe finds a device; else says that there is none,
# and is skipped.
set -eu
probe=$1
shift
"$probe" || exit $?
CHATTERBOX_TEST_DEVICE=cuda exec "$@"
