// Rotary position embedding as Llama 3 scales it.
#pragma once

#include <ATen/core/Tensor.h>

namespace chatterbox::nn {

struct RopeTable {
  at::Tensor cos, sin;  // [positions, 32], fp32
};

// Angles per position, [32] fp32.
[[nodiscard]] at::Tensor llama3_inverse_frequencies();
[[nodiscard]] RopeTable llama3_rope(int64_t positions, c10::Device device);
// Rotates pairs (i, i + 32) of the last dimension. x [..., 64]; cos, sin broadcast to [..., 32].
[[nodiscard]] at::Tensor apply_rope(const at::Tensor& x, const at::Tensor& cos,
                                    const at::Tensor& sin);

}  // namespace chatterbox::nn
