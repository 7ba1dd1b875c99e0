#!/bin/sh
# sbom.sh SBOM FILE...: whether the list names everything that a program or library loads but the C library,
# each with a version.
set -eu
sbom=$1
shift
bad=0
python3 -c 'import json, sys
for part in json.load(open(sys.argv[1]))["components"]:
    assert part["type"] != "library" or part["version"][0].isdigit(), part
    for prop in part.get("properties", []):
        print(prop["value"])' "$sbom" >"$sbom.libraries"
for needed in $(LC_ALL=C readelf -dW "$@" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sort -u); do
  case $needed in
    libc.so.* | libm.so.* | libdl.so.* | libpthread.so.* | ld-linux* | libchatterbox.so.*) continue ;;
  esac
  known=no
  while read -r library; do
    case $needed in "$library"*) known=yes ;; esac
  done <"$sbom.libraries"
  if [ $known = no ]; then
    echo "$needed is loaded, and not in $sbom"
    bad=1
  fi
done
exit $bad
