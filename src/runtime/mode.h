// How requests share an engine.
#pragma once

#include "runtime/options.h"

namespace chatterbox::runtime {

// That of the options, or kSequential where `deterministic` asks for it. `rows_alike`: whether a
// row of a batch has the bits that it has alone, as on a CPU.
[[nodiscard]] Mode effective_mode(const EngineOptions& options, bool rows_alike);

}  // namespace chatterbox::runtime
