#!/bin/sh
# self_test.sh DIR: the style tests of DIR find what they look for.
set -eu
scripts=$1
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT

# expect RESULT SCRIPT ARGUMENT FILE LINE: a tree with one more file gets RESULT (pass or fail).
expect() {
  rm -rf "$tree/include" "$tree/src"
  mkdir -p "$tree/include/chatterbox" "$tree/src/support" "$tree/src/runtime" "$tree/src/engine" "$tree/src/nn" \
    "$tree/src/cli" "$tree/src/server" "$tree/src/app" "$tree/src/t3"
  echo '#include "support/error.h"' >"$tree/src/support/error.cpp"
  echo 'int x;' >"$tree/include/chatterbox/chatterbox.hpp"
  printf '%s\n' "$5" >"$tree/$4"
  if sh "$scripts/$2" "$3" >"$tree/log" 2>&1; then result=pass; else result=fail; fi
  if [ $result != "$1" ]; then
    echo "$2 on '$5' in $4: expected $1, got $result"
    cat "$tree/log"
    exit 1
  fi
}

direction() { expect "$1" include_direction.sh "$tree/src" "$2" "$3"; }
direction pass src/engine/a.cpp '#include "nn/linear.h"'
direction pass src/nn/a.h '#include "checkpoint/tensor_file.h"'
direction pass src/t3/a.h '#include "voice/conditionals.h"'
direction pass src/cli/dump.cpp '#include "checkpoint/safetensors.h"'
direction pass src/engine/a.cpp '#include "runtime/executor.h"'
direction fail src/runtime/a.cpp '#include "engine/job.h"'
direction fail src/cli/a.cpp '#include "checkpoint/safetensors.h"'
direction fail src/nn/a.h '#include "engine/executor.h"'
direction fail src/t3/a.cpp '#include "s3gen/s3gen.h"'
direction fail src/support/a.cpp '#  include "nn/linear.h"'
direction fail src/cli/a.cpp '#include "engine/executor.h"'
direction pass src/cli/serve.cpp '#include "server/serve.h"'
direction fail src/cli/a.cpp '#include "server/serve.h"'
direction pass src/cli/a.cpp '#include "app/option_fields.h"'
direction pass src/server/a.cpp '#include "app/option_fields.h"'
direction fail src/app/a.cpp '#include "server/serve.h"'
direction fail src/engine/a.cpp '#include "app/option_fields.h"'
direction fail src/server/a.cpp '#include "engine/executor.h"'
direction fail src/engine/a.cpp '#include "server/serve.h"'
direction fail src/engine/a.cpp '#include "elsewhere/a.h"'

printf '%400s' '' | tr ' ' '\n' >"$tree/lines"
length() {
  mkdir -p "$tree/tests" "$tree/bench" "$tree/examples" "$tree/cmake"
  cp "$tree/lines" "$tree/cmake/a.sh"
  [ -z "$2" ] || echo "$2" >>"$tree/cmake/a.sh"
  if sh "$scripts/file_length.sh" "$tree" >"$tree/log" 2>&1; then result=pass; else result=fail; fi
  [ $result = "$1" ] || { echo "file_length.sh: expected $1, got $result"; cat "$tree/log"; exit 1; }
  rm "$tree/cmake/a.sh"
}
length pass ''
length fail 'one more'

# Of two files that use a name for different things, each is looked at.
tidy() { # RESULT PARAMETER
  mkdir -p "$tree/tidy/src/checkpoint"
  cp "$scripts/../../.clang-tidy" "$tree/tidy"
  echo 'namespace { constexpr int kOne = 1; } int a() { return kOne; }' >"$tree/tidy/src/checkpoint/a.cpp"
  echo "namespace { constexpr long kOne = 1; } long b($2) { return kOne; }" >"$tree/tidy/src/checkpoint/b.cpp"
  code=0
  python3 "$scripts/tidy.py" "$tree/tidy" >"$tree/log" 2>&1 || code=$?
  case $1:$code in pass:0 | fail:1 | *:77) ;; *) echo "tidy.py: expected $1, got $code"; cat "$tree/log"; exit 1 ;; esac
}
tidy pass ''
tidy fail 'int unused'
printf '%s\n' '#include <vector>' 'using std::vector;' >"$tree/tidy/src/checkpoint/c.cpp"
tidy fail ''

forbidden() { expect "$1" forbidden.sh "$tree" "$2" "$3"; }
forbidden pass src/nn/a.cpp 'auto x = at::randn({2}, generator);'
forbidden pass src/nn/a.cpp '// never printf() here'
forbidden pass src/nn/a.cpp 'std::snprintf(buffer, 3, "x"); job.exit(); static_assert(true);'
forbidden pass src/cli/a.cpp 'std::cout << 1;'
forbidden fail include/chatterbox/a.h '#include <ATen/Tensor.h>'
forbidden fail src/nn/a.cpp '#include <torch/torch.h>'
forbidden fail src/nn/a.cpp 'std::cout << 1;'
forbidden fail src/nn/a.cpp '  std::printf("x");'
forbidden fail src/nn/a.cpp 'if (x) std::abort();'
forbidden fail src/nn/a.cpp 'std::exit(1);'
forbidden fail src/nn/a.cpp 'assert(x > 0);'
forbidden fail src/nn/a.cpp 'at::manual_seed(3);'
forbidden fail src/nn/a.cpp 'auto x = at::randn({2});'
forbidden fail src/nn/a.cpp 'auto x = probabilities.multinomial(1);'
# expect_readme RESULT SCRIPT SED FILE: the project's own documents, with FILE changed by SED.
expect_readme() {
  rm -rf "$tree/readme"
  mkdir -p "$tree/readme/bench" "$tree/readme/examples"
  root=$scripts/../..
  cp -R "$root/bench/results" "$root/bench/README.md" "$root/bench/readme_table.py" \
    "$root/bench/speech_tables.py" "$root/bench/table_parts.py" "$root/bench/families.py" "$tree/readme/bench"
  cp "$root/README.md" "$tree/readme"
  cp "$root/examples/minimal.c" "$root/examples/minimal.cpp" "$tree/readme/examples"
  sed -i "$3" "$tree/readme/$4"
  if sh "$scripts/$2" "$tree/readme" >"$tree/log" 2>&1; then result=pass; else result=fail; fi
  [ $result = "$1" ] || { echo "$2 with '$3' in $4: expected $1, got $result"; cat "$tree/log"; exit 1; }
}
expect_readme pass readme_table.sh '' README.md
expect_readme fail readme_table.sh '/^| Demo /d' README.md
expect_readme fail readme_table.sh 's/"version": ".*"/"version": "0.0.0"/' bench/results/demo.json
expect_readme fail readme_table.sh 's/"sentences": 100/"sentences": 99/' bench/results/quality_demo.json
expect_readme fail readme_table.sh '/^<!-- end of figures/d' bench/README.md
expect_readme pass readme_examples.sh '' README.md
expect_readme fail readme_examples.sh 's/int main/int Main/' examples/minimal.c
expect_readme fail readme_examples.sh '/^<!-- example: minimal.cpp/d' README.md
echo "the style tests find what they look for"
