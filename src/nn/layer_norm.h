// Layer normalisation with its learned scale and shift.
#pragma once

#include <ATen/core/Tensor.h>

#include <string_view>

#include "nn/weight_reader.h"

namespace chatterbox::nn {

struct LayerNorm {
  at::Tensor weight, bias;  // [C], in the activations' type
  double eps = 1e-5;        // torch's default
};

[[nodiscard]] LayerNorm read_layer_norm(const WeightReader& reader, std::string_view name,
                                        int64_t size, double eps = 1e-5);
// Over the last dimension. x [..., C]
[[nodiscard]] at::Tensor layer_norm(const at::Tensor& x, const LayerNorm& norm);

}  // namespace chatterbox::nn
