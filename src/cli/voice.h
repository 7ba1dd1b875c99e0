// chatterbox voice make | info.
#pragma once

#include <memory>
#include <vector>

#include "cli/options.h"

namespace chatterbox::cli {

void add_voice(CLI::App& app, std::vector<Command>& commands);

// A voice from a WAV file, or from one that was saved. `on_tensor` may be empty.
[[nodiscard]] Voice open_voice(const ChatterboxEngine& engine, const std::string& path,
                               const std::function<void(const TensorView&)>& on_tensor);

}  // namespace chatterbox::cli
