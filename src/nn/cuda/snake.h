// Snake of HiFT on a CUDA device: six operators in one. Torch-free.
#pragma once

#include <cstdint>

#include "nn/cuda/kernel.h"

namespace chatterbox::nn::cuda {

// Addresses of the device, fp32.
struct Snake {
  const float* x;        // [rows, frames, channels]
  const float* alpha;    // [channels]
  const float* inverse;  // [channels], 1 / alpha
  const float* keep;     // [rows, frames]: where it is 0 the result is; or null
  float* out;            // as x, and may be x
  int64_t rows, frames, channels;
};

// cudaError_t; 0 for none.
[[nodiscard]] int snake(const Snake& layer, Stream stream);

}  // namespace chatterbox::nn::cuda
