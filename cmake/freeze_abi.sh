#!/bin/sh
# freeze_abi.sh: renews the frozen copy of the public headers of the present ABI number. See
# tests/capi/frozen/README.md for when that is allowed.
set -eu
cd "$(dirname "$0")/.."
number=$(sed -n 's/^#define CHATTERBOX_ABI_VERSION \([0-9]*\)$/\1/p' include/chatterbox/status.h)
[ -n "$number" ] || { echo "include/chatterbox/status.h says no ABI number"; exit 1; }
frozen=tests/capi/frozen/abi$number
[ -d "$frozen" ] || { echo "$frozen is missing: a new ABI number needs its programs first"; exit 1; }
if [ "$number" -gt 0 ] && ! sh tests/capi/frozen/check_abi.sh "$frozen/include" include; then
  echo "ABI $number is declared: what it has stays as it is. Nothing was renewed."
  exit 1
fi
rm -rf "$frozen/include"
mkdir -p "$frozen/include"
cp -r include/chatterbox "$frozen/include/"
echo "$frozen/include is now a copy of include"
