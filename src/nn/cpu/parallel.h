// The CPU kernels over tensors, spread over the threads of the caller's pool. Activations are
// contiguous fp32; weights fp32 or bf16.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace chatterbox::nn::cpu {

struct LinearOutput {
  at::Tensor weight;  // [N, K]
  at::Tensor bias;    // [N], or undefined
  at::Tensor y;       // [R, N]
  bool accumulate;    // y += instead of y =
};

// x [R, K]
void linear(const at::Tensor& x, const std::vector<LinearOutput>& outputs);
// y = gelu(x W^T + b), by tanh; accumulates nothing.
void linear_gelu(const at::Tensor& x, const LinearOutput& output);
// gate, up [N, K], y [R, N]
void swiglu(const at::Tensor& x, const at::Tensor& gate, const at::Tensor& up, const at::Tensor& y);
// x, y [R, C], weight [C]
void rms_norm(const at::Tensor& x, const at::Tensor& weight, float eps, const at::Tensor& y);

// One decode step's attention of one layer. Query r stands at positions[r] of cache row rows[r].
struct CachedAttention {
  at::Tensor q, k, v;           // [R, H * 64], not rotated yet
  at::Tensor cos, sin;          // [positions, 32]; undefined: nothing is rotated
  at::Tensor k_cache, v_cache;  // [cache rows, H, positions, 64], fp32 or bf16
  const std::vector<int64_t>& rows;
  const std::vector<int64_t>& positions;
};
// Rotates q and k, appends k and v, and attends to each row's own prefix. [R, H * 64]
[[nodiscard]] at::Tensor attention(const CachedAttention& args);

// qkv [B, T, 3 H 64], fp32: the queries of all heads, the keys, the values. Positions from `first`
// on attend to all. [B, T - first, H 64]
[[nodiscard]] at::Tensor self_attention(const at::Tensor& qkv, int64_t first = 0);

}  // namespace chatterbox::nn::cpu
