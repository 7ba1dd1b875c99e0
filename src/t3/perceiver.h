// Resamples the prompt's speech embeddings to a fixed number of positions.
#pragma once

#include <ATen/core/Tensor.h>

#include "nn/layer_norm.h"
#include "nn/linear.h"

namespace chatterbox::t3 {

struct Perceiver {
  at::Tensor query;  // [32, C], learned
  nn::LayerNorm norm;
  nn::Linear to_q, to_k, to_v, proj_out;
};

[[nodiscard]] Perceiver load_perceiver(const nn::WeightReader& reader);
// prompt [T, C] -> [32, C]
[[nodiscard]] at::Tensor perceive(const Perceiver& perceiver, const at::Tensor& prompt);

}  // namespace chatterbox::t3
