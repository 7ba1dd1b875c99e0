// silu(gate) * up of a decode step or a prefill on a CUDA device. Torch-free.
#pragma once

#include <cstdint>

#include "nn/cuda/kernel.h"

namespace chatterbox::nn::cuda {

struct Gated {
  const void* gate_up;  // [rows, 2 size]: the gates, then what they let through
  void* out;            // [rows, size]
  int64_t rows, size;
};

// cudaError_t; 0 for none.
[[nodiscard]] int gated(const Gated& layer, Type type, Stream stream);

}  // namespace chatterbox::nn::cuda
