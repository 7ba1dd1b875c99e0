// Reading and writing for the commands; "-" is standard input or output.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/output.h"

namespace chatterbox::cli {

// Fails now rather than after minutes of work where `path` cannot be written ("-" and "" always
// can).
void check_writable(const std::string& path);
// The same for those of a command that makes sound; also where two want standard output or the same
// file, --dump would have to write there, or the sound's format is not known.
void check_outputs(const AudioOutput& output, const std::string& json, const std::string& dump);

// kInvalidArgument: two are the same file, and the last to be written would win.
void check_distinct(const std::vector<std::string>& outputs);
// On stderr, where an output is the file that is read.
void warn_if_same(const std::string& output, const std::string& input);

// Makes the folder where there is none; fails now where nothing can be written into it.
void make_folder(const std::string& path);

// kInvalidArgument: a NUL, at which C would end the text.
void check_text(const std::string& text);
[[nodiscard]] std::string read_stdin();
// kNotFound or kIo on failure. Without the mark U+FEFF that some files begin with.
[[nodiscard]] std::string read_text(const std::string& path);
void write_text(const std::string& path, std::string_view text);
void check_stdout();  // kIo where something that was written there is lost

}  // namespace chatterbox::cli
