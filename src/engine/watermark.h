// The watermark's place in the engine.
#pragma once

#include <chatterbox/chatterbox.hpp>
#include <memory>

#include "nn/placement.h"
#include "watermark/perth.h"

namespace chatterbox::engine {

// Null where `options` do not want it, or want it only where its weights are found and they are
// not. kNotFound where it must be on and they are not.
[[nodiscard]] std::shared_ptr<const watermark::Perth> load_watermark(
    const EngineOptions& options, const nn::Placement& placement);

}  // namespace chatterbox::engine
