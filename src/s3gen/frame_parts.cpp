#include "s3gen/frame_parts.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include "nn/linear_parts.h"

namespace chatterbox::s3gen {
namespace {

at::Tensor for_threads(int64_t rows, int64_t size, at::ScalarType type) {
  return at::empty({at::get_num_threads(), rows, size}, type);
}

}  // namespace

bool runs_on_frame_kernels(const nn::Placement& placement) {
  return placement.device.is_cpu() && placement.dtype == at::kBFloat16 &&
         nn::cpu::frame_kernels() != nullptr;
}

nn::cpu::FrameLinear frame_linear(const nn::Linear& layer) {
  return frame_linear(layer, layer.bias());
}

nn::cpu::FrameLinear frame_linear(const nn::Linear& layer, const at::Tensor& bias) {
  return nn::cpu::pack_linear(nn::parts_of(layer).weight, bias);
}

nn::cpu::Norm norm_of(const nn::LayerNorm& layer, const float* x, int64_t rows) {
  const int64_t size = layer.weight.size(0);
  return {x,
          size,
          rows,
          size,
          layer.weight.const_data_ptr<float>(),
          layer.bias.const_data_ptr<float>(),
          static_cast<float>(layer.eps)};
}

FrameScratch::FrameScratch(int64_t size, int64_t inner)
    : sums_(for_threads(nn::cpu::kMaxRange, size, at::kFloat)),
      rows_(for_threads(nn::cpu::kMaxRange + nn::cpu::kRowsBeyond, size, at::kBFloat16)),
      inner_(for_threads(nn::cpu::kMaxRange + nn::cpu::kRowsBeyond, inner, at::kBFloat16)) {}

}  // namespace chatterbox::s3gen
