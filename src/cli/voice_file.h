// What --voice takes.
#pragma once

#include <CLI/CLI.hpp>
#include <chatterbox/chatterbox.hpp>
#include <functional>
#include <string>
#include <variant>

namespace chatterbox::cli {

// --voice.
void add_voice_option(CLI::App& app, std::string& voice);

// A saved voice, a conds.pt of the Python package, or a recording of any format that the library
// reads, whatever the file's name. Where it is none of these, the error says of each why.
[[nodiscard]] std::variant<Voice, Audio> read_voice_file(const std::string& path);

// The same, or the name of a voice that the model ships. A recording is made into a voice.
// `on_tensor` may be empty.
[[nodiscard]] Voice open_voice(const ChatterboxEngine& engine, const std::string& voice,
                               const std::function<void(const TensorView&)>& on_tensor);

}  // namespace chatterbox::cli
