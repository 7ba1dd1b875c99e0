// One-dimensional convolutions over frames, [B, C, 1, T] in channels-last memory: a frame's
// channels lie together, which is what the CPU's and the GPU's fastest kernels ask for.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "nn/cpu/conv.h"
#include "nn/weight_reader.h"

namespace chatterbox::s3gen {

struct FrameConv {
  at::Tensor weight;  // [out, in, 1, kernel]; undefined where it is packed
  at::Tensor bias;    // [out]
  int64_t stride = 1;
  int64_t padding = 0;
  int64_t dilation = 1;
  nn::cpu::PackedConv packed = {};

  [[nodiscard]] bool is_packed() const { return packed.weight.defined(); }
  [[nodiscard]] int64_t inputs() const { return is_packed() ? packed.depth : weight.size(1); }
  [[nodiscard]] int64_t outputs() const { return is_packed() ? packed.outputs : weight.size(0); }
};

struct FrameConvTranspose {
  at::Tensor weight;  // [in, out, 1, kernel]; undefined where it is packed
  at::Tensor bias;    // [out]
  int64_t stride = 1;
  int64_t padding = 0;
  // By which of the `stride` frames they make of one.
  std::vector<nn::cpu::PackedConv> packed = {};

  [[nodiscard]] int64_t outputs() const {
    return packed.empty() ? weight.size(1) : packed.front().outputs;
  }
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

// For the CPU's own kernels, by which a frame has the same bits whatever the number of frames and
// wherever it stands. In fp32, on a CPU.
void pack_for_kernels(FrameConv& layer);
void pack_for_kernels(FrameConvTranspose& layer);

[[nodiscard]] at::Tensor conv(const FrameConv& layer, const at::Tensor& x);
[[nodiscard]] at::Tensor conv_transpose(const FrameConvTranspose& layer, const at::Tensor& x);

// [B, C, T] to [B, C, 1, T] in channels-last memory.
[[nodiscard]] at::Tensor to_frames(const at::Tensor& x);

}  // namespace chatterbox::s3gen
