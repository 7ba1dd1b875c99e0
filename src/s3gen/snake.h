// Snake (Ziyin, Hartwig and Ueda, 2020): x + sin²(αx) / α, a learned α for each channel.
#pragma once

#include <ATen/core/Tensor.h>

#include "nn/weight_reader.h"
#include "s3gen/frame_mask.h"

namespace chatterbox::s3gen {

struct Snake {
  at::Tensor alpha;    // [C]
  at::Tensor inverse;  // [C], 1 / (α + 1e-9)
};

[[nodiscard]] Snake read_snake(const nn::WeightReader& reader, int64_t channels);
// x [B, C, 1, T], channels-last. The padding comes out as zeros, whatever it was.
[[nodiscard]] at::Tensor snake(const Snake& layer, const at::Tensor& x, const FrameMask& mask);

}  // namespace chatterbox::s3gen
