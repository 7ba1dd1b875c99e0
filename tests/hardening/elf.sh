#!/bin/sh
# elf.sh CONFIG FILE...: whether a program or library was built as cmake/hardening.cmake says.
set -eu
config=$1
shift
bad=0

expect() { # WHAT FILE TEXT PATTERN
  if ! printf '%s\n' "$3" | grep -qE "$4"; then
    echo "$2: no $1"
    bad=1
  fi
}

for file in "$@"; do
  headers=$(LC_ALL=C readelf -hlW "$file")
  dynamic=$(LC_ALL=C readelf -dW "$file")
  symbols=$(LC_ALL=C readelf --dyn-syms -W "$file")
  expect "position-independent code" "$file" "$headers" 'Type: +DYN'
  expect "read-only relocations (relro)" "$file" "$headers" 'GNU_RELRO'
  expect "binding when it is loaded (now)" "$file" "$dynamic" 'BIND_NOW|FLAGS_1.*NOW'
  expect "stack that cannot be executed" "$file" "$headers" 'GNU_STACK .* RW +0x'
  if printf '%s\n' "$headers" | grep -qE '(LOAD|GNU_STACK) .* RWE '; then
    echo "$file: memory that can be written and executed"
    bad=1
  fi
  if printf '%s\n' "$dynamic" | grep -q 'TEXTREL'; then
    echo "$file: relocations in its code"
    bad=1
  fi
  if [ "$config" = Release ]; then
    expect "stack protector" "$file" "$symbols" '__stack_chk_fail'
    expect "checks of what is copied (FORTIFY)" "$file" "$symbols" '__[a-z]+_chk(@| |$)'
  fi
done
exit $bad
