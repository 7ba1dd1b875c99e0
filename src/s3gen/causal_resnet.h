// The causal residual block of the estimator: two convolutions with norm and Mish, the time
// embedding added between them, and a shortcut.
#pragma once

#include <ATen/core/Tensor.h>

#include "nn/layer_norm.h"
#include "nn/linear.h"
#include "s3gen/frame_conv.h"
#include "s3gen/prompt_states.h"

namespace chatterbox::s3gen {

struct CausalBlock {
  FrameConv conv;  // kernel 3
  nn::LayerNorm norm;
};

struct CausalResnet {
  nn::Linear time;  // [C, time embedding]
  CausalBlock block1, block2;
  nn::Linear shortcut;  // [C, in]
};

// `reader`: the scope that has "block".
[[nodiscard]] CausalBlock read_causal_block(const nn::WeightReader& reader, int64_t out,
                                            int64_t in);
[[nodiscard]] CausalResnet read_causal_resnet(const nn::WeightReader& reader, int64_t in,
                                              int64_t time_size);

// x [B, T, in] -> [B, T, C]
[[nodiscard]] at::Tensor run(const CausalBlock& block, const at::Tensor& x, FrameHistory& history);
// What a time embedding [S, E] adds inside, [S, C].
[[nodiscard]] at::Tensor time_shift(const CausalResnet& resnet, const at::Tensor& embedding);
// x [B, T, in], shift [C] -> [B, T, C]
[[nodiscard]] at::Tensor run(const CausalResnet& resnet, const at::Tensor& x,
                             const at::Tensor& shift, FrameHistory& history);
// The rest of the block, for a caller that has the outputs of block1's convolution and of the
// shortcut, both [B, T, C].
[[nodiscard]] at::Tensor run_after_input(const CausalResnet& resnet, const at::Tensor& convolved,
                                         const at::Tensor& shortcut, const at::Tensor& shift,
                                         FrameHistory& history);

}  // namespace chatterbox::s3gen
