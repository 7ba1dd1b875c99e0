#!/bin/sh
# check_abi.sh OLD NEW [CC]: the C headers in the include folder NEW have all that those in OLD have, unchanged
# and in its place; structs that say their size may have more members behind, and there may be more of all
# else.
set -eu
old=$1 new=$2 cc=${3:-cc}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# What the headers in the include folder $1 declare and define, one line each.
told() {
  echo '#include <chatterbox/chatterbox.h>' >"$work/all.c"
  "$cc" -std=c11 -E -P -I "$1" "$work/all.c" >"$work/preprocessed"
  tr '\n' ' ' <"$work/preprocessed" | awk -f "$here/declarations.awk"
  # Numbers that have a name. The list of statuses is told by the enum, include guards have no value.
  "$cc" -std=c11 -E -dM -I "$1" "$work/all.c" | grep -E '^#define CHATTERBOX_[A-Z_]+ .'
}
for side in old new; do
  eval "folder=\$$side"
  told "$folder" | LC_ALL=C sort -u >"$work/$side"
done
[ "$(grep -c '^struct' "$work/old")" -gt 50 ] && [ "$(grep -c '^function' "$work/old")" -gt 50 ] ||
  { echo "$old: the headers cannot be read"; exit 1; }
missing=$(LC_ALL=C comm -23 "$work/old" "$work/new")
[ -z "$missing" ] || { echo "programs that are built already lean on this, which is not so any more:"; echo "$missing"; exit 1; }
echo "$(wc -l <"$work/old") things of old, all as they were; $(LC_ALL=C comm -13 "$work/old" "$work/new" | wc -l) new"
