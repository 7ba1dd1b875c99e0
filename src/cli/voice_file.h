// What --voice takes.
#pragma once

#include <CLI/CLI.hpp>
#include <chatterbox/chatterbox.hpp>
#include <string>
#include <variant>

namespace chatterbox::cli {

// --voice.
void add_voice_option(CLI::App& app, std::string& voice);
// --prompt-seconds, of voices that are made.
void add_prompt_option(CLI::App& app, VoiceOptions& options);

// A saved voice, a conds.pt of the Python package, or a recording of any format that the library
// reads, whatever the file's name. Where it is none of these, the error says of each why.
[[nodiscard]] std::variant<Voice, Audio> read_voice_file(const std::string& path);

// The same, or the name of a voice that the model ships. A recording is made into a voice.
[[nodiscard]] Voice open_voice(const ChatterboxEngine& engine, const std::string& voice,
                               const VoiceOptions& options);

// Blocks; an interrupt ends it.
[[nodiscard]] Voice make_voice(const ChatterboxEngine& engine, const Audio& recording,
                               const VoiceOptions& options);

}  // namespace chatterbox::cli
