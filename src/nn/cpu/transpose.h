// Transposing the large matrices of a file.
#pragma once

#include <ATen/core/Tensor.h>

namespace chatterbox::nn::cpu {

// matrix [K, N], contiguous, on the CPU, fp32, fp16 or bf16 -> [N, K], contiguous. `type`: kFloat
// or kBFloat16. By all threads of the caller's pool.
[[nodiscard]] at::Tensor transpose(const at::Tensor& matrix, c10::ScalarType type);

}  // namespace chatterbox::nn::cpu
