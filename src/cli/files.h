// Reading and writing for the commands; "-" is standard input or output.
#pragma once

#include <chatterbox/chatterbox.hpp>
#include <string>

namespace chatterbox::cli {

// Fails now rather than after minutes of work where `path` cannot be written ("-" and "" always
// can).
void check_writable(const std::string& path);
// The same for those of a command that makes sound; also where two want standard output, or --dump
// would have to write there.
void check_outputs(const std::string& output, const std::string& json, const std::string& dump);

// Makes the folder where there is none; fails now where nothing can be written into it.
void make_folder(const std::string& path);

[[nodiscard]] std::string read_stdin();
[[nodiscard]] std::string read_text(const std::string& path);  // kNotFound or kIo on failure
void write_text(const std::string& path, const std::string& text);
void write_audio(const std::string& path, const Audio& audio);

// Whether the file begins as a WAV file does. kNotFound or kIo where it cannot be read.
[[nodiscard]] bool is_wav(const std::string& path);

}  // namespace chatterbox::cli
