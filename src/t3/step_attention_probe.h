// What the heads that are watched attend to in a step on a device; AttentionProbe on a CPU.
#pragma once

#include <ATen/core/Tensor.h>

#include "nn/attention.h"
#include "t3/backbone.h"
#include "t3/step_plan.h"

namespace chatterbox::t3 {

// The mean of each sequence's heads, to all positions that its conditional row has, and zero to
// others. Nothing of it is meant for a sequence that watches none. [B, P] fp32
[[nodiscard]] at::Tensor watched_attention(const StepInput& in, const nn::StepView& view,
                                           const BatchKVCache& cache, const StepQueries& queries);

}  // namespace chatterbox::t3
