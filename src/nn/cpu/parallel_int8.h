// The int8 kernels over tensors, spread over the threads of the caller's pool. Activations are
// contiguous fp32, any number of rows.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "nn/cpu/int8.h"

namespace chatterbox::nn::cpu {

struct Int8Output {
  Int8Weights weights;
  at::Tensor bias;  // [N], fp32, or undefined
  at::Tensor y;     // [R, N]
  bool accumulate;  // y += instead of y =
};

// x [R, K]
void int8_linear(const at::Tensor& x, const std::vector<Int8Output>& outputs);
// y = gelu(x W^T + b), by tanh; accumulates nothing.
void int8_linear_gelu(const at::Tensor& x, const Int8Output& output);
// y [R, N]
void int8_swiglu(const at::Tensor& x, const Int8Weights& gate, const Int8Weights& up,
                 const at::Tensor& y);

}  // namespace chatterbox::nn::cpu
