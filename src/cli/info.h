// chatterbox info: describes a model.
#pragma once

#include <vector>

#include "cli/options.h"

namespace chatterbox::cli {

void add_info(CLI::App& app, std::vector<Command>& commands);

}  // namespace chatterbox::cli
