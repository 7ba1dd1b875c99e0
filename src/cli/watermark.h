// chatterbox watermark: whether a file carries the mark.
#pragma once

#include <vector>

#include "cli/options.h"

namespace chatterbox::cli {

void add_watermark(CLI::App& app, std::vector<Command>& commands);

}  // namespace chatterbox::cli
