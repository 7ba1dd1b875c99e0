// chatterbox voice make | info.
#pragma once

#include <vector>

#include "cli/options.h"

namespace chatterbox::cli {

void add_voice(CLI::App& app, std::vector<Command>& commands);

}  // namespace chatterbox::cli
