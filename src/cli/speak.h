// chatterbox speak: text to an audio file.
#pragma once

#include <vector>

#include "cli/options.h"

namespace chatterbox::cli {

void add_speak(CLI::App& app, std::vector<Command>& commands);

}  // namespace chatterbox::cli
