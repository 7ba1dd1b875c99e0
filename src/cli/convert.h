// chatterbox convert: speech by another voice.
#pragma once

#include <vector>

#include "cli/options.h"

namespace chatterbox::cli {

void add_convert(CLI::App& app, std::vector<Command>& commands);

}  // namespace chatterbox::cli
