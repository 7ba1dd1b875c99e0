#!/usr/bin/env bash
# Builds and packs what run_on_gpu.sh needs on a machine that cannot build it; see --help.
. "$(dirname "${BASH_SOURCE[0]}")/../cmake/common.sh"

usage() {
  cat <<'TEXT'
usage: bash bench/pack_for_gpu.sh [BUILD]

Packs the programs of run_on_gpu.sh from the build folder BUILD (default: build/cuda, the preset cuda, which it builds)
into build/gpu.tar.xz: stripped, with the shared libraries that they need beside libtorch and the C and C++ libraries.
Take it to build/ of a checkout of the same commit on the machine with the GPU. It runs there if that machine's C and
C++ libraries are not older, and its libtorch has the version that the programs were built with.
TEXT
}

case ${1-} in
  -h | --help) usage; exit 0 ;;
  -*) usage >&2; exit 2 ;;
esac
build=${1:-build/cuda}
cd "$root"
readonly programs=(gpu_test pipeline_test family_test stress_test chatterbox-bench chatterbox write_synthetic)
if [ $# -eq 0 ]; then
  cmake --preset cuda
  cmake --build --preset cuda --parallel "$(default_jobs)" --target "${programs[@]/%chatterbox/chatterbox-cli}"
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/gpu/bin" "$work/gpu/lib"
for name in "${programs[@]}"; do
  path=$(find "$build" -type f -name "$name" -perm -u+x | head -n 1)
  [ -n "$path" ] || die "$build has no program $name"
  strip -o "$work/gpu/bin/$name" "$path"
  ldd "$path" >>"$work/needed"
done
# Not what the machine has: the C and C++ libraries, libtorch and what comes with it.
awk '$2 == "=>" && $3 ~ /^\// { print $1, $3 }' "$work/needed" | sort -u |
  grep -vE '^(ld-linux|libc|libm|libdl|librt|libpthread|libstdc\+\+|libgcc_s|libresolv)[-.]|/torch/lib/' |
  while read -r name path; do strip -o "$work/gpu/lib/$name" "$(readlink -f "$path")"; done
cp "$build/tests/gpu/tests.txt" "$work/gpu"
echo "$root" >"$work/gpu/root"
tar -C "$work" -c gpu | xz --x86 --lzma2=preset=9e >"$work/gpu.tar.xz"
mkdir -p build
mv "$work/gpu.tar.xz" build/gpu.tar.xz
say "build/gpu.tar.xz: $(du -k build/gpu.tar.xz | cut -f 1) kB"
