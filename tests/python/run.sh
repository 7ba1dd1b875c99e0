#!/bin/sh
# run.sh ROOT PYTHON ARGUMENTS...: runs PYTHON, or a script of bash, in ROOT/python with what bash cmake/setup.sh
# --tests fetched into build/python and build/ray.
set -eu
root=$1
python=$2
shift 2
tools=$root/build/python
if [ ! -d "$tools" ]; then
  echo "skipped: $tools is missing; bash cmake/setup.sh --tests fetches it"
  exit 77
fi
PATH=$tools/bin:$PATH
PYTHONPATH=$root/python:$tools:$root/build/ray
export PATH PYTHONPATH
cd "$root/python"
case $1 in
  *.sh) exec bash "$@" ;;
esac
status=0
"$python" "$@" || status=$?
# Of pytest: a whole file is skipped, and has said why.
[ $status -ne 5 ] || status=77
exit $status
