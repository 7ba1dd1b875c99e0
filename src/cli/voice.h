// chatterbox voice make | info.
#pragma once

#include <memory>
#include <vector>

#include "cli/options.h"

namespace chatterbox::cli {

void add_voice(CLI::App& app, std::vector<Command>& commands);

// A voice from a WAV file, from one that was saved, or the model's of that name. `on_tensor` may be
// empty.
[[nodiscard]] Voice open_voice(const ChatterboxEngine& engine, const std::string& voice,
                               const std::function<void(const TensorView&)>& on_tensor);

}  // namespace chatterbox::cli
