// The conformer in bfloat16 by the CPU's kernels over frames; see frame_estimator.h. What layers
// add to stays in fp32.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "s3gen/conformer.h"
#include "s3gen/frame_parts.h"

namespace chatterbox::s3gen {

struct FrameConformer {
  struct Layer {
    nn::LayerNorm attention_norm;
    // The queries twice, with the bias for what a key holds and with that for where it stands; the
    // keys; the values.
    nn::cpu::FrameLinear projections;  // [4 C, C]
    nn::cpu::FrameLinear position, out;
    nn::LayerNorm feed_forward_norm;
    nn::cpu::FrameLinear inner, outer;
  };
  std::vector<Layer> layers;
};

// Whether the kernels take a conformer of these sizes.
[[nodiscard]] bool fits_kernels(const Conformer& conformer);
[[nodiscard]] FrameConformer pack_conformer(const Conformer& conformer);

// x [B, T, C], fp32; row b has lengths[b] frames, and its padding holds anything, before and after.
[[nodiscard]] at::Tensor run_layers(const FrameConformer& conformer, const at::Tensor& x,
                                    const std::vector<int64_t>& lengths);

}  // namespace chatterbox::s3gen
