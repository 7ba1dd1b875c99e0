// Convolutions over frames in fp32, by the kernels, spread over the threads of the caller's pool. A
// frame's outputs have the same bits whatever the number of frames and wherever it stands.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "nn/cpu/kernels.h"

namespace chatterbox::nn::cpu {

struct PackedConv {
  at::Tensor weight;  // [outputs / kConvPanel, taps, depth, kConvPanel], zeros in the padding
  at::Tensor bias;    // [outputs], or undefined
  int64_t depth = 0;  // of a tap
  int64_t outputs = 0;
  int64_t taps = 0;
};

// Whether the kernels are at least as fast as libtorch's on this machine.
[[nodiscard]] bool has_fast_convolutions();
// weight [N, C, 1, taps], bias [N] or undefined.
[[nodiscard]] PackedConv pack_convolution(const at::Tensor& weight, const at::Tensor& bias);

// Tap j of output frame t reads frame t * stride + j * dilation - before of the input; outside of
// it there are zeros.
struct Convolution {
  const PackedConv* layer;
  const float* x;  // [x_frames, depth]
  int64_t x_frames;
  int64_t stride, dilation, before;
  float* y;  // frame t begins at y + t * y_stride
  int64_t y_frames, y_stride;
};
void convolve(const std::vector<Convolution>& convolutions);

}  // namespace chatterbox::nn::cpu
