#!/bin/sh
# include_direction.sh SRC: includes between the folders of SRC go one way:
# capi -> engine -> runtime -> {text, voice, t3, s3gen, watermark} -> {nn, audio, checkpoint} -> support.
# Folders of one level do not know each other, with two exceptions: the conditionals of a voice are what T3
# and S3Gen take, and nn reads weights from checkpoint. The command-line program and the server use the public
# interface and app, which they share, alone, but for --dump, which writes with checkpoint's file writer; the
# program contains the server, by one header.
set -eu
cd "$1"
grep -rn --include='*.h' --include='*.cpp' --include='*.c' --include='*.cu' --include='*.cuh' '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' . |
  awk '
    BEGIN {
      level["support"] = 0
      level["nn"] = level["audio"] = level["checkpoint"] = 1
      level["text"] = level["voice"] = level["t3"] = level["s3gen"] = level["watermark"] = 2
      level["runtime"] = 3
      level["engine"] = 4
      level["capi"] = 5
    }
    {
      split($0, part, ":"); file = part[1]; sub(/^\.\//, "", file)
      match($0, /"[^"]+"/); header = substr($0, RSTART + 1, RLENGTH - 2)
      from = file; sub(/\/.*/, "", from)
      to = header; sub(/\/.*/, "", to)
      count++
      ok = 0
      if (from == to) ok = 1
      else if (to == "app") ok = from == "cli" || from == "server"
      else if (from == "cli" && to == "server") ok = file == "cli/serve.cpp" && header == "server/serve.h"
      else if (from == "cli") ok = file == "cli/dump.cpp" && header ~ /^checkpoint\/(safetensors|tensor_file)\.h$/
      else if (!(from in level) || !(to in level)) ok = 0
      else if (level[to] < level[from]) ok = 1
      else if (header == "voice/conditionals.h" && level[from] == 2) ok = 1
      else if (from == "nn" && to == "checkpoint") ok = 1
      if (!ok) { print file ":" part[2] ": " from "/ must not include \"" header "\""; bad++ }
    }
    END {
      if (count == 0) { print "found no #include at all"; exit 1 }
      if (bad) exit 1
      print count " includes, all in the allowed direction"
    }'
