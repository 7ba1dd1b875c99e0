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
// The same rotations as matrices, for one product where a launch costs more than arithmetic.
struct RopeMatrices {
  at::Tensor angles;  // [positions, 65]: cos, sin and 1
  at::Tensor places;  // [65, 3 64 64]: where they stand in the matrices of a position
};
[[nodiscard]] RopeMatrices rope_matrices(const RopeTable& table, c10::ScalarType type);
// positions [R] -> [3 R, 64, 64]: for each, what rotates a row of queries and of keys when it is
// multiplied, and leaves values as they are.
[[nodiscard]] at::Tensor rope_matrices_of(const RopeMatrices& matrices,
                                          const at::Tensor& positions);
// Rotates pairs (i, i + 32) of the last dimension. x [..., 64]; cos, sin broadcast to [..., 32].
[[nodiscard]] at::Tensor apply_rope(const at::Tensor& x, const at::Tensor& cos,
                                    const at::Tensor& sin);

}  // namespace chatterbox::nn
