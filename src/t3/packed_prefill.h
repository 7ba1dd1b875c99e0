// Chunks of several prompts in one pass, where a device would be idle with one. Not on a CPU: what
// a chunk is computed together with changes its bits.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "t3/prefill.h"

namespace chatterbox::t3 {

// Positions of a pass, at most: eight chunks.
inline constexpr int64_t kPackedPositions = 8 * VoicePrefix::kChunk;

// Of the first prompts, as many as fit, the next chunk of each, which reaches its tail. The logits
// of those that are done, as Prefill::next() returns them, undefined for others; one for each that
// took part. After an exception nothing has happened.
[[nodiscard]] std::vector<at::Tensor> next_chunks(const Model& model,
                                                  const std::vector<const Prefill*>& prompts,
                                                  BatchKVCache& cache, const Probes& probes);

}  // namespace chatterbox::t3
