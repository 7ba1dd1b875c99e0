// The estimator in bfloat16 by the CPU's kernels over frames; its transformers' linear layers may
// be of 8-bit integers. A layer's rows go through all that concerns a row alone while they are in
// the caches: two passes over the frames for a transformer block, one of them the attention. What
// blocks add to stays in fp32.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "s3gen/block_linear.h"
#include "s3gen/estimator.h"
#include "s3gen/frame_parts.h"

namespace chatterbox::s3gen {

struct FrameEstimator {
  struct Block {
    nn::LayerNorm attention_norm;
    BlockLinear qkv, out;
    nn::LayerNorm feed_forward_norm;
    BlockLinear inner, outer;
  };
  struct CausalBlock {
    nn::cpu::FrameLinear conv;
    nn::LayerNorm norm;
  };
  struct Stage {
    CausalBlock block1, block2;
    nn::cpu::FrameLinear shortcut;
    std::vector<Block> transformers;
  };
  Stage down;  // its first convolution and its shortcut: of the state alone
  nn::cpu::FrameLinear down_conv;
  std::vector<Stage> middle;
  Stage up;
  nn::cpu::FrameLinear up_conv;
  CausalBlock last;
  nn::cpu::FrameLinear project;
};

// Whether the kernels take an estimator of these sizes.
[[nodiscard]] bool fits_kernels(const Estimator& estimator);
[[nodiscard]] FrameEstimator pack_estimator(const Estimator& estimator);

// As estimate() of estimator.h. A row's padding holds anything, before and after.
[[nodiscard]] at::Tensor estimate(const FrameEstimator& estimator, const EstimatorPlan& plan,
                                  int64_t step, const at::Tensor& x, FrameHistory& history);

}  // namespace chatterbox::s3gen
