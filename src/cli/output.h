// Where the speech goes: a file of any format that the library writes, or standard output.
#pragma once

#include <CLI/CLI.hpp>
#include <chatterbox/chatterbox.hpp>
#include <map>
#include <string>

namespace chatterbox::cli {

struct AudioOutput {
  std::string path;                         // "-": standard output; empty: none
  AudioFormat format = AudioFormat::kAuto;  // by the name's ending; on standard output WAV
  bool raw = false;                         // the samples alone; also where the name ends so
};

// The names that --format takes, which are the endings of such files, too.
[[nodiscard]] const std::map<std::string, AudioFormat>& format_names();

// -o and --format. `output.path` is the default.
void add_output_options(CLI::App& app, AudioOutput& output);

// kInvalidArgument where the name's ending says no format. Nothing is opened.
void check_format(const AudioOutput& output);

// Replaces the file in one step.
void write_speech(const AudioOutput& output, const Result& result);

// The speech while it is being made. Without samples nothing is written; what was written is a
// whole file wherever the speech ends.
[[nodiscard]] AudioWriter make_writer(const AudioOutput& output);

}  // namespace chatterbox::cli
