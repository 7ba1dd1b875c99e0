#!/usr/bin/env bash
# Installs what the build needs; see --help.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
  cat <<'TEXT'
usage: bash cmake/setup.sh [--tests] [--cuda]

Installs what the build needs and is not there yet (Debian 12 or later):
  - Debian packages, with apt-get, as root or through sudo
  - libtorch 2.11.0 from PyPI into build/libtorch (0.5 GB to fetch, 1.2 GB on disk), unless one is found:
    in CHATTERBOX_LIBTORCH, in CMAKE_PREFIX_PATH, or as the torch 2.11 of the python3 on PATH
  - the weights of the Perth watermark from PyPI into build/watermark (34 MB to fetch, 37 MB on disk); without
    a network they are left out, and the speech of what is built carries no watermark
Run again, it does nothing.

  --tests   also what the tests and benchmarks need (GoogleTest, Google Benchmark, clang-format, clang-tidy, cppcheck;
            for the server curl, ffmpeg, haproxy, nginx, chromium; and from PyPI what tests the Python package, 280 MB in
            build/python, Ray, 470 MB in build/ray, the clients of the server, 30 MB, and the recogniser that hears the
            demo voice, 60 MB; what is from PyPI is left out without a network)
  --cuda    libtorch with its CUDA libraries (5 GB on disk); without it the build runs on the CPU
  --help    this text

Environment:
  CHATTERBOX_LIBTORCH   a folder with include/ and lib/ of libtorch, or with a torch/ that has them
  CMAKE_PREFIX_PATH     folders to search for one, separated by : or ;
TEXT
}

tests=no
cuda=no
for argument in "$@"; do
  case $argument in
    --tests) tests=yes ;;
    --cuda) cuda=yes ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; echo "error: unknown option '$argument'" >&2; exit 2 ;;
  esac
done

readonly torch_version=2.11.0
readonly libtorch="$root/build/libtorch"

installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

missing_packages() {
  local packages=(g++ cmake ninja-build pkg-config libicu-dev libsentencepiece-dev nlohmann-json3-dev libfmt-dev
    libsoxr-dev libsndfile1-dev libmpg123-dev libsodium-dev libcli11-dev libboost1.81-dev
    libsonic-dev binutils ca-certificates)
  [ $tests = no ] ||
    packages+=(libgtest-dev libgmock-dev libbenchmark-dev cppcheck curl ffmpeg openssl haproxy nginx-light chromium)
  local package
  for package in "${packages[@]}"; do installed "$package" || echo "$package"; done
  # A python3 from elsewhere will do.
  command -v python3 >/dev/null || echo python3
  python3 -m pip --version >/dev/null 2>&1 || echo python3-pip
  # The tree is formatted with version 14, which is Debian 12's; elsewhere it comes from PyPI.
  if [ $tests = yes ] && ! has_clang_format && grep -q '^VERSION_ID="12"' /etc/os-release; then
    echo clang-format
  fi
  if [ $tests = yes ] && ! installed clang-tidy-14 && grep -q '^VERSION_ID="12"' /etc/os-release; then
    echo clang-tidy-14
  fi
}

has_clang_format() {
  local name
  for name in clang-format-14 clang-format "$root/build/tools/bin/clang-format"; do
    "$name" --version 2>/dev/null | grep -q 'version 14\.' && return 0
  done
  return 1
}

install_packages() {
  local missing
  mapfile -t missing < <(missing_packages)
  if [ ${#missing[@]} -eq 0 ]; then
    say "Debian packages: all there"
    return
  fi
  command -v apt-get >/dev/null ||
    die "no apt-get here; install these yourself (Debian's names): ${missing[*]}"
  local as_root=(env DEBIAN_FRONTEND=noninteractive)
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || die "no root and no sudo; ask for these Debian packages: ${missing[*]}"
    as_root=(sudo "${as_root[@]}")
  fi
  say "installing Debian packages: ${missing[*]}"
  local install=("${as_root[@]}" apt-get install -y -q --no-install-recommends "${missing[@]}")
  if ! apt-cache policy "${missing[@]}" 2>/dev/null | grep -q 'Candidate: [^(]' || ! "${install[@]}"; then
    say "the package lists are missing or old: fetching them"
    "${as_root[@]}" apt-get update -q || die "apt-get update failed: is there a network?"
    "${install[@]}" || die "apt-get could not install: ${missing[*]}"
  fi
}

# Prints the folder with include/ and lib/ where $1 is one, or has a torch/ that is one.
libtorch_in() {
  local folder
  for folder in "$1" "$1/torch"; do
    if [ -f "$folder/include/ATen/core/Tensor.h" ] && [ -f "$folder/lib/libtorch_cpu.so" ]; then
      echo "$folder"
      return 0
    fi
  done
  return 1
}

python_torch() {
  python3 - "$torch_version" <<'PYTHON' 2>/dev/null
import importlib.metadata, importlib.util, sys
spec = importlib.util.find_spec("torch")
wanted = sys.argv[1].rsplit(".", 1)[0] + "."
if spec is None or not importlib.metadata.version("torch").startswith(wanted):
    sys.exit(1)
print(spec.submodule_search_locations[0])
PYTHON
}

# The same order as cmake/FindLibtorch.cmake.
find_libtorch() {
  local folder found
  if [ -n "${CHATTERBOX_LIBTORCH:-}" ]; then
    libtorch_in "$CHATTERBOX_LIBTORCH" && return
    die "CHATTERBOX_LIBTORCH=$CHATTERBOX_LIBTORCH has no include/ATen/core/Tensor.h and lib/libtorch_cpu.so"
  fi
  while IFS= read -r -d : folder; do
    if [ -n "$folder" ] && libtorch_in "$folder"; then return; fi
  done <<<"$(tr ';' ':' <<<"${CMAKE_PREFIX_PATH:-}"):"
  if libtorch_in "$libtorch" && own_copy_is_right; then return; fi
  if [ ! -e "$libtorch" ] && found=$(python_torch) && libtorch_in "$found"; then return; fi
  return 1
}

own_copy_is_right() {
  [ -d "$libtorch/torch-$torch_version.dist-info" ] || return 1
  [ $cuda = no ] || ls "$libtorch"/nvidia/*/lib/libcublas.so.* >/dev/null 2>&1
}

check_disk() {
  local need_gb=2 free_gb
  [ $cuda = no ] || need_gb=9
  free_gb=$(df -Pk "$root/build" | awk 'NR == 2 { print int($4 / 1048576) }')
  [ "$free_gb" -ge $need_gb ] ||
    die "disk full: libtorch needs $need_gb GB free in $root/build while it is unpacked, there are $free_gb"
}

# What is fetched is unpacked beside its place and renamed when complete, so that no half of it is ever taken for whole.
# `temporary` has a folder tmp; it goes with close_temporary, or with the script.
open_temporary() {
  mkdir -p "$root/build"
  temporary=$(mktemp -d "$root/build/.$1.XXXXXX")
  trap 'rm -rf "$temporary"' EXIT
  mkdir "$temporary/tmp"
}

close_temporary() {
  rm -rf "$temporary"
  trap - EXIT
}

fetch_libtorch() {
  local wheels=libtorch
  [ $cuda = no ] || wheels=libtorch-cuda
  mkdir -p "$root/build"
  rm -rf "$root"/build/.libtorch.*  # what an interrupted run left
  check_disk
  say "fetching libtorch $torch_version into $libtorch: what cmake/requirements/$wheels.txt lists"
  open_temporary libtorch
  if ! pip_install "$temporary/new" "$wheels" 2>"$temporary/pip.log"; then
    explain_pip "$temporary/pip.log"
  fi
  rm -rf "$libtorch"
  mv "$temporary/new" "$libtorch"
  close_temporary
}

# pip_install TARGET LIST: what cmake/requirements/LIST.txt names, and nothing else. pip refuses what has another hash.
pip_install() {
  # --target also keeps pip away from the system's own packages (PEP 668).
  TMPDIR="$temporary/tmp" PIP_ROOT_USER_ACTION=ignore PIP_DISABLE_PIP_VERSION_CHECK=1 \
    python3 -m pip install --quiet --no-cache-dir --only-binary=:all: --no-deps --require-hashes \
    --requirement "$root/cmake/requirements/$2.txt" --target "$1"
}

explain_pip() {
  tail -n 5 "$1" >&2
  if grep -q 'DO NOT MATCH THE HASHES' "$1"; then die "what PyPI gave is not what cmake/requirements lists"; fi
  if grep -qi 'no space left' "$1"; then die "disk full while fetching $torch_version of libtorch"; fi
  if grep -qiE 'name resolution|connection|timed out|max retries|unreachable' "$1"; then
    die "PyPI cannot be reached, so libtorch is missing: set CHATTERBOX_LIBTORCH to an installed one"
  fi
  die "pip could not install torch==$torch_version for $(python3 --version 2>&1) on $(uname -m)"
}

fetch_clang_format() {
  if [ $tests = no ] || has_clang_format; then return; fi
  say "fetching clang-format 14 into build/tools"
  open_temporary tools
  pip_install "$temporary/new" clang-format 2>"$temporary/pip.log" ||
    { tail -n 3 "$temporary/pip.log" >&2; die "clang-format 14 is missing and could not be fetched"; }
  rm -rf "$root/build/tools"
  mv "$temporary/new" "$root/build/tools"
  close_temporary
}

# fetch_optional NAME MISSING: what cmake/requirements/NAME.txt lists in build/NAME, anew when it changes. A set-up
# that cannot reach PyPI goes on and says what is MISSING.
fetch_optional() {
  local name=$1 missing=$2 list="$root/cmake/requirements/$1.txt"
  [ $tests = yes ] || return 0
  if cmp -s "$list" "$root/build/$name/requirements.txt"; then return; fi
  say "fetching what $list names into build/$name"
  open_temporary "$name"
  if pip_install "$temporary/new" "$name" 2>"$temporary/pip.log"; then
    cp "$list" "$temporary/new/requirements.txt"
    rm -rf "${root:?}/build/$name"
    mv "$temporary/new" "$root/build/$name"
  else
    tail -n 3 "$temporary/pip.log" >&2
    say "$missing could not be fetched from PyPI: what needs it will be SKIPPED"
  fi
  close_temporary
}

# Optional: a set-up that cannot reach PyPI goes on without.
fetch_watermark() {
  local weights="$root/build/watermark/perth_implicit.safetensors"
  if [ -f "$weights" ]; then
    say "watermark: $weights"
    return
  fi
  say "fetching the weights of the watermark into build/watermark"
  open_temporary watermark
  # The converter checks the wheel's SHA-256, and renames its result into place when it is complete.
  if ! { PIP_DISABLE_PIP_VERSION_CHECK=1 python3 -m pip download --quiet --no-cache-dir --no-deps \
    --only-binary=:all: --require-hashes --retries 1 --timeout 15 --dest "$temporary" \
    --requirement "$root/cmake/requirements/watermark.txt" &&
    python3 "$root/cmake/watermark_weights.py" "$temporary"/*.whl "$weights"; } 2>"$temporary/log"; then
    tail -n 1 "$temporary/log" >&2
    say "the watermark is optional and is left out: its weights could not be fetched from PyPI"
  fi
  close_temporary
}

install_packages
if found=$(find_libtorch); then
  say "libtorch: $found"
else
  # A choice that CHATTERBOX_LIBTORCH made and that is wrong has said so already.
  [ -z "${CHATTERBOX_LIBTORCH:-}" ] || exit 1
  fetch_libtorch
fi
fetch_clang_format
fetch_optional python "WHAT TESTS THE PYTHON PACKAGE"
fetch_optional ray "RAY SERVE"
fetch_optional clients "THE CLIENTS OF THE SERVER'S TESTS"
fetch_optional recogniser "THE RECOGNISER OF demo_words_test"
fetch_watermark
