// The weights of a linear layer as 8-bit integers with a scale for each output, packed for the CPU
// kernels.
#pragma once

#include <ATen/core/Tensor.h>

#include "nn/cpu/int8.h"

namespace chatterbox::nn {

struct Int8Matrix {
  at::Tensor data;   // [panels, padded inputs / 4, 64, 4], bytes: see cpu/int8.h
  at::Tensor scale;  // [panels * 64], fp32
  int64_t outputs = 0;
  int64_t inputs = 0;

  [[nodiscard]] cpu::Int8Weights view() const {
    return {data.const_data_ptr<uint8_t>(), scale.const_data_ptr<float>(), outputs,
            cpu::int8_padded(inputs)};
  }

  // Some of the outputs, sharing the memory. `first`: where a panel begins.
  [[nodiscard]] Int8Matrix narrow(int64_t first, int64_t count) const;
};

// weight [out, in], contiguous, fp32, on the CPU. An output with a weight that is not finite gives
// NaN.
[[nodiscard]] Int8Matrix to_int8(const at::Tensor& weight);

}  // namespace chatterbox::nn
