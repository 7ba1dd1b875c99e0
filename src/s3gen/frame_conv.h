// One-dimensional convolutions over frames, [B, C, 1, T] in channels-last memory: a frame's
// channels lie together, which is what the CPU's and the GPU's fastest kernels ask for.
#pragma once

#include <ATen/core/Tensor.h>

#include "nn/weight_reader.h"

namespace chatterbox::s3gen {

struct FrameConv {
  at::Tensor weight;  // [out, in, 1, kernel]
  at::Tensor bias;    // [out]
  int64_t stride = 1;
  int64_t padding = 0;
  int64_t dilation = 1;
};

struct FrameConvTranspose {
  at::Tensor weight;  // [in, out, 1, kernel]
  at::Tensor bias;    // [out]
  int64_t stride = 1;
  int64_t padding = 0;
};

// "name.parametrizations.weight.original0" (g) and "original1" (v): g v / |v|, the norm taken over
// all but the first axis (Salimans and Kingma, 2016). Returns [d0, d1, 1, kernel], channels-last.
[[nodiscard]] at::Tensor read_weight_norm(const nn::WeightReader& reader, int64_t d0, int64_t d1);

// Padded so that the frames stay as many as they were.
[[nodiscard]] FrameConv read_weight_norm_conv(const nn::WeightReader& reader, int64_t in,
                                              int64_t dilation = 1);
// Not weight-normed: every `stride` frames become one.
[[nodiscard]] FrameConv read_strided_conv(const nn::WeightReader& reader, int64_t in, int64_t out,
                                          int64_t stride);
// Every frame becomes `stride` frames.
[[nodiscard]] FrameConvTranspose read_weight_norm_conv_transpose(const nn::WeightReader& reader,
                                                                 int64_t in, int64_t stride);

[[nodiscard]] at::Tensor conv(const FrameConv& layer, const at::Tensor& x);
[[nodiscard]] at::Tensor conv_transpose(const FrameConvTranspose& layer, const at::Tensor& x);

// [B, C, T] to [B, C, 1, T] in channels-last memory.
[[nodiscard]] at::Tensor to_frames(const at::Tensor& x);

}  // namespace chatterbox::s3gen
