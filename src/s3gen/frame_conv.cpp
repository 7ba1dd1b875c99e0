#include "s3gen/frame_conv.h"

#include <ATen/ops/_convolution.h>
#include <ATen/ops/_weight_norm.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>

#include <array>

#include "support/interruption.h"

namespace chatterbox::s3gen {
namespace {

constexpr const char* kNorm = "parametrizations.weight.original0";
constexpr const char* kDirection = "parametrizations.weight.original1";

// The public operators take these settings from the process. A GPU's TF32 has 10 bits of mantissa:
// too few for a pitch whose phase adds up.
at::Tensor convolve(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                    int64_t stride, int64_t padding, int64_t dilation, bool transposed) {
  constexpr bool kBenchmark = false;
  constexpr bool kDeterministic = true;
  constexpr bool kCudnn = true;
  constexpr bool kTf32 = false;
  const std::array<int64_t, 2> strides = {1, stride};
  const std::array<int64_t, 2> paddings = {0, padding};
  const std::array<int64_t, 2> dilations = {1, dilation};
  const std::array<int64_t, 2> output_padding = {0, 0};
  return at::_convolution(x, weight, bias, strides, paddings, dilations, transposed, output_padding,
                          /*groups=*/1, kBenchmark, kDeterministic, kCudnn, kTf32);
}

at::Tensor empty_frames(int64_t rows, int64_t channels, int64_t frames) {
  return at::empty({rows, channels, 1, frames}, at::TensorOptions(at::kFloat),
                   at::MemoryFormat::ChannelsLast);
}

at::Tensor convolve_packed(const FrameConv& layer, const at::Tensor& x) {
  const at::Tensor in = x.contiguous(at::MemoryFormat::ChannelsLast);
  const int64_t frames = in.size(3), channels = in.size(1);
  const int64_t read = (layer.packed.taps - 1) * layer.dilation + 1;
  const int64_t made = (frames + 2 * layer.padding - read) / layer.stride + 1;
  at::Tensor out = empty_frames(in.size(0), layer.outputs(), made);
  std::vector<nn::cpu::Convolution> rows;
  for (int64_t row = 0; row < in.size(0); ++row) {
    rows.push_back({&layer.packed, in.const_data_ptr<float>() + row * frames * channels, frames,
                    layer.stride, layer.dilation, layer.padding,
                    out.mutable_data_ptr<float>() + row * made * layer.outputs(), made,
                    layer.outputs()});
  }
  nn::cpu::convolve(rows);
  return out;
}

// Output frame q * stride + phase - padding is the sum over j of input q - j by tap phase + stride
// * j.
at::Tensor convolve_packed(const FrameConvTranspose& layer, const at::Tensor& x) {
  const at::Tensor in = x.contiguous(at::MemoryFormat::ChannelsLast);
  const int64_t frames = in.size(3), channels = in.size(1), outputs = layer.outputs();
  at::Tensor out = empty_frames(in.size(0), outputs, frames * layer.stride);
  std::vector<nn::cpu::Convolution> phases;
  for (int64_t row = 0; row < in.size(0); ++row) {
    const float* from = in.const_data_ptr<float>() + row * frames * channels;
    float* to = out.mutable_data_ptr<float>() + row * frames * layer.stride * outputs;
    for (int64_t phase = 0; phase < layer.stride; ++phase) {
      const nn::cpu::PackedConv& packed = layer.packed[static_cast<size_t>(phase)];
      const int64_t first = phase < layer.padding ? 1 : 0;  // q of its first frame
      phases.push_back({&packed, from, frames, 1, 1, packed.taps - 1 - first,
                        to + (first * layer.stride + phase - layer.padding) * outputs, frames,
                        layer.stride * outputs});
    }
  }
  nn::cpu::convolve(phases);
  return out;
}

}  // namespace

at::Tensor to_frames(const at::Tensor& x) {
  return x.unsqueeze(2).contiguous(at::MemoryFormat::ChannelsLast);
}

at::Tensor read_weight_norm(const nn::WeightReader& reader, int64_t d0, int64_t d1) {
  const at::Tensor norm = reader.get(kNorm, {d0, 1, 1});
  const at::Tensor direction = reader.get(kDirection, {d0, d1, reader.dim(kDirection, 2)});
  return to_frames(at::_weight_norm(direction, norm, 0));
}

FrameConv read_weight_norm_conv(const nn::WeightReader& reader, int64_t in, int64_t dilation) {
  const int64_t out = reader.dim(kDirection, 0);
  FrameConv layer;
  layer.weight = read_weight_norm(reader, out, in);
  layer.bias = reader.get("bias", {out});
  layer.padding = (layer.weight.size(3) - 1) * dilation / 2;
  layer.dilation = dilation;
  return layer;
}

FrameConv read_strided_conv(const nn::WeightReader& reader, int64_t in, int64_t out,
                            int64_t stride) {
  const int64_t kernel = stride == 1 ? 1 : 2 * stride;
  FrameConv layer;
  layer.weight = to_frames(reader.get("weight", {out, in, kernel}));
  layer.bias = reader.get("bias", {out});
  layer.stride = stride;
  layer.padding = stride / 2;  // 0 where the stride is 1
  return layer;
}

FrameConvTranspose read_weight_norm_conv_transpose(const nn::WeightReader& reader, int64_t in,
                                                   int64_t stride) {
  const int64_t out = reader.dim(kDirection, 1);
  FrameConvTranspose layer;
  layer.weight = read_weight_norm(reader, in, out);
  layer.bias = reader.get("bias", {out});
  layer.stride = stride;
  layer.padding = (layer.weight.size(3) - stride) / 2;
  return layer;
}

void pack_for_kernels(FrameConv& layer) {
  layer.packed = nn::cpu::pack_convolution(layer.weight, layer.bias);
  layer.weight = at::Tensor();
}

void pack_for_kernels(FrameConvTranspose& layer) {
  const at::Tensor weight = layer.weight.transpose(0, 1);  // [out, in, 1, kernel]
  for (int64_t phase = 0; phase < layer.stride; ++phase) {
    const at::Tensor taps = at::arange(phase, weight.size(3), layer.stride, at::kLong).flip(0);
    layer.packed.push_back(nn::cpu::pack_convolution(weight.index_select(3, taps), layer.bias));
  }
  layer.weight = at::Tensor();
}

at::Tensor conv(const FrameConv& layer, const at::Tensor& x) {
  interruption_point();
  if (layer.is_packed()) return convolve_packed(layer, x);
  return convolve(x, layer.weight, layer.bias, layer.stride, layer.padding, layer.dilation, false);
}

at::Tensor conv_transpose(const FrameConvTranspose& layer, const at::Tensor& x) {
  interruption_point();
  if (!layer.packed.empty()) return convolve_packed(layer, x);
  return convolve(x, layer.weight, layer.bias, layer.stride, layer.padding, 1, true);
}

}  // namespace chatterbox::s3gen
