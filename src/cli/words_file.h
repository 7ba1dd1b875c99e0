// The words of a speech with their times, as a file: subtitles, or JSON.
#pragma once

#include <chatterbox/chatterbox.hpp>
#include <string>

namespace chatterbox::cli {

// kInvalidArgument where the name's ending is none of .srt, .vtt and .json. kIo where it cannot be
// written. "" is no file.
void check_words_file(const std::string& path);

// `text` is what was spoken, all of it.
void write_words(const std::string& path, const std::string& text, const Result& result);

}  // namespace chatterbox::cli
