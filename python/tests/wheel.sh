#!/usr/bin/env bash
# wheel.sh BUILD LIBTORCH WORK: makes the wheel of what is built in BUILD, or takes BUILD itself if it is a wheel, installs
# it into an empty virtual environment, and runs the README's example and the program there.
set -euo pipefail
build=$1 libtorch=$2 work=$3
python_folder=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
rm -rf "$work"
mkdir -p "$work/empty"
case $build in
  *.whl) wheel=$build ;;
  *)
    bash "$python_folder/tools/make_wheel.sh" --build "$build" --out "$work/dist"
    wheel=$(echo "$work"/dist/chatterbox_cpp-*-py3-none-manylinux_*_x86_64.whl)
    ;;
esac
bytes=$(wc -c <"$wheel")
[ "$bytes" -le 40000000 ] || { echo "$wheel has $bytes bytes, more than 40 MB"; exit 1; }
python3 "$python_folder/tools/wheel_licences.py" check "$wheel"

unset PYTHONPATH CHATTERBOX_LIBRARY CHATTERBOX_PROGRAM CHATTERBOX_LIBTORCH CHATTERBOX_WATERMARK LD_LIBRARY_PATH
# Without pip in it, as a Debian's python3 has none to put there.
python3 -m venv --without-pip "$work/venv"
python3 -m pip --python "$work/venv/bin/python" install --quiet --disable-pip-version-check "$wheel"
sed -n '/^```python$/,/^```$/p' "$python_folder/README.md" | sed '1d; /^```$/,$d' >"$work/empty/example.py"
cd "$work/empty"
if "$work/venv/bin/python" example.py 2>error.txt; then echo "it needs no libtorch?"; exit 1; fi
grep -q '^ImportError: chatterbox needs libtorch 2.11' error.txt || { cat error.txt; exit 1; }
export CHATTERBOX_LIBTORCH=$libtorch
"$work/venv/bin/python" example.py
[ "$(wc -c <hello.wav)" -gt 24000 ] || { echo "hello.wav is too short"; exit 1; }
"$work/venv/bin/python" -m chatterbox speak "Hello from Python." --seed 1 -o program.wav
cmp hello.wav program.wav
"$work/venv/bin/chatterbox" --version
# The watermark is fetched by who wants it; a wheel that is not the right one is refused.
if "$work/venv/bin/python" -m chatterbox.install_watermark "$wheel" 2>error.txt; then
  echo "a wrong wheel was taken"
  exit 1
fi
grep -q "cannot be converted" error.txt || { cat error.txt; exit 1; }
# With the right one, if this machine has it.
if [ -f "${CHATTERBOX_PERTH_WHEEL:-}" ]; then
  "$work/venv/bin/python" -m chatterbox.install_watermark "$CHATTERBOX_PERTH_WHEEL"
  "$work/venv/bin/python" -c 'import chatterbox; e = chatterbox.Engine(threads=1); assert e.info.watermark'
fi
