// chatterbox serve: speech over HTTP.
#pragma once

#include <vector>

#include "cli/options.h"

namespace chatterbox::cli {

void add_serve(CLI::App& app, std::vector<Command>& commands);

}  // namespace chatterbox::cli
