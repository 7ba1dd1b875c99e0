// chatterbox quantise: a model's folder with T3 in int8.
#pragma once

#include <vector>

#include "cli/options.h"

namespace chatterbox::cli {

void add_quantise(CLI::App& app, std::vector<Command>& commands);

}  // namespace chatterbox::cli
