#include "s3gen/snake.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/reciprocal.h>
#include <ATen/ops/sin.h>

#include <algorithm>

#include "nn/device_kernels.h"
#include "s3gen/snake_kernel.h"
#include "support/interruption.h"

namespace chatterbox::s3gen {
namespace {

constexpr int64_t kFramesPerTask = 64;

at::Tensor snake_cpu(const Snake& layer, const at::Tensor& x, const FrameMask& mask) {
  const at::Tensor in = x.contiguous(at::MemoryFormat::ChannelsLast);
  at::Tensor out = at::empty_like(in);
  const int64_t channels = in.size(1);
  const int64_t frames = in.size(3);
  const auto* from = in.const_data_ptr<float>();
  auto* to = out.mutable_data_ptr<float>();
  const auto* alpha = layer.alpha.const_data_ptr<float>();
  const auto* inverse = layer.inverse.const_data_ptr<float>();
  for (int64_t row = 0; row < in.size(0); ++row) {
    const int64_t start = row * frames;
    const int64_t live = mask.keep.defined() ? mask.lengths[static_cast<size_t>(row)] : frames;
    at::parallel_for(0, live, kFramesPerTask, [&](int64_t begin, int64_t end) {
      const int64_t offset = (start + begin) * channels;
      snake_kernel(from + offset, alpha, inverse, to + offset, end - begin, channels);
    });
    std::fill(to + (start + live) * channels, to + (start + frames) * channels, 0.0F);
  }
  return out;
}

at::Tensor snake_on_device(const nn::cuda::Kernels& kernels, const Snake& layer,
                           const at::Tensor& x, const FrameMask& mask) {
  const at::Tensor in = x.contiguous(at::MemoryFormat::ChannelsLast);
  at::Tensor out = at::empty_like(in);
  const nn::cuda::Snake arguments{in.const_data_ptr<float>(),
                                  layer.alpha.const_data_ptr<float>(),
                                  layer.inverse.const_data_ptr<float>(),
                                  mask.keep.defined() ? mask.keep.const_data_ptr<float>() : nullptr,
                                  out.mutable_data_ptr<float>(),
                                  in.size(0),
                                  in.size(3),
                                  in.size(1)};
  nn::check_launch(kernels.snake(arguments, nn::stream_of(x.device())), "snake");
  return out;
}

}  // namespace

Snake read_snake(const nn::WeightReader& reader, int64_t channels) {
  constexpr double kNoDivisionByZero = 1e-9;  // hifigan.py, Snake
  Snake layer;
  layer.alpha = reader.get("alpha", {channels}).contiguous();
  layer.inverse = layer.alpha.add(kNoDivisionByZero).reciprocal();
  return layer;
}

at::Tensor snake(const Snake& layer, const at::Tensor& x, const FrameMask& mask) {
  interruption_point();
  if (x.is_cpu() && x.scalar_type() == at::kFloat) return snake_cpu(layer, x, mask);
  const nn::cuda::Kernels* kernels = nn::device_kernels(x.device());
  if (kernels != nullptr && x.scalar_type() == at::kFloat) {
    return snake_on_device(*kernels, layer, x, mask);
  }
  const at::Tensor alpha = layer.alpha.view({1, -1, 1, 1});
  at::Tensor sine = x.mul(alpha).sin_();
  at::Tensor out = sine.square_().mul_(layer.inverse.view({1, -1, 1, 1})).add_(x);
  return zero_padding(out, mask);
}

}  // namespace chatterbox::s3gen
