# What setup.sh, quickstart.sh and test.sh share. Sourced, not run.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '== %s\n' "$*"; }
die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# One compiler per core, but a source with libtorch's headers takes up to 1.5 GB.
default_jobs() {
  local cores gigabytes
  cores=$(nproc)
  gigabytes=$(awk '/^MemAvailable:/ { print int($2 / 1572864) }' /proc/meminfo 2>/dev/null || echo 1)
  [ "${gigabytes:-0}" -ge 1 ] || gigabytes=1
  echo $((cores < gigabytes ? cores : gigabytes))
}

check_jobs() {
  [[ $1 =~ ^[1-9][0-9]*$ ]] || { echo "error: --jobs must be a number from 1 on, got '$1'" >&2; exit 2; }
}
