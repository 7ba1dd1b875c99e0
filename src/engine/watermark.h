// The watermark's place in the engine.
#pragma once

#include <chatterbox/chatterbox.hpp>
#include <memory>
#include <string>

#include "nn/placement.h"
#include "watermark/perth.h"

namespace chatterbox::engine {

// Null where `options` do not want it, or want it only where its weights are found and they are
// not. kNotFound where it must be on and they are not. `model_folder`: as of ModelFiles.
[[nodiscard]] std::shared_ptr<const watermark::Perth> load_watermark(
    const EngineOptions& options, const std::string& model_folder, const nn::Placement& placement);

}  // namespace chatterbox::engine
