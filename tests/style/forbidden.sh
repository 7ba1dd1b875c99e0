#!/bin/sh
# forbidden.sh ROOT: what the library must not contain. Comment lines do not count.
set -eu
cd "$1"
bad=0

# forbid WHY PATTERN FOLDERS...
forbid() {
  why=$1
  pattern=$2
  shift 2
  found=$(grep -rnP --include='*.h' --include='*.hpp' --include='*.cpp' --include='*.c' "$pattern" "$@" |
    grep -vP '^[^:]+:\d+:\s*(//|\*|/\*)' || true)
  if [ -n "$found" ]; then
    printf '%s\n%s\n' "$why:" "$found"
    bad=1
  fi
}

library=$(find src -mindepth 1 -maxdepth 1 -type d ! -name cli)
[ -n "$library" ] || { echo "no folders in src"; exit 1; }
forbid "torch in the public headers" 'torch/|ATen/|c10/' include
forbid "all of torch, autograd or TorchScript" '#include\s*<torch/' src
# Word characters and :: before a name: snprintf and std::quick_exit are looked at by their own names.
forbid "the library must not write to the host's streams" \
  '\bstd::(cout|cerr|clog)\b|(?<![\w])(printf|puts|putchar|perror)\s*\(|\bfprintf\s*\(' $library
forbid "the library must not end the host's process" \
  '(?<![\w])(abort|_Exit|_exit|quick_exit|terminate)\s*\(|(?<![\w.>])exit\s*\(' src
forbid "assert() is gone in a release build: use fail()" '(?<!static_)\bassert\s*\(' src
forbid "the process-wide random generator" '\bmanual_seed\b|\bsrand\s*\(|(?<![\w:])rand\s*\(\s*\)' src
# A draw names its generator in the same statement, on this line or one of the next three.
draws=$(grep -rnP --include='*.h' --include='*.cpp' -A3 \
  '\bat::(rand|randn|randint|randperm|rand_like|randn_like|multinomial|bernoulli|normal)\s*\(|\.(uniform_|normal_|bernoulli_|exponential_|random_|multinomial)\s*\(' src |
  awk -v RS='--\n' '!/[gG]enerator|rng/ && length($0) > 1 { print }' || true)
if [ -n "$draws" ]; then
  printf 'a random draw without a generator:\n%s\n' "$draws"
  bad=1
fi
exit $bad
