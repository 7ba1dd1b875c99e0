#include "s3gen/block_linear.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include "nn/linear_parts.h"
#include "s3gen/frame_parts.h"

namespace chatterbox::s3gen {

using nn::cpu::Bf16;
using nn::cpu::kMaxRange;
using nn::cpu::kRowsBeyond;

RoundedRows::RoundedRows(int64_t size)
    // A line more, for rows 4 KiB apart would share a set of the first cache.
    : stride_(nn::cpu::int8_padded(size) + nn::cpu::kInt8Step),
      values_(at::empty({at::get_num_threads(), kMaxRange + kRowsBeyond, stride_}, at::kChar)),
      scale_(at::empty({at::get_num_threads(), kMaxRange}, at::kFloat)),
      sum_(at::empty({at::get_num_threads(), kMaxRange}, at::kInt)) {}

nn::cpu::QuantiseFrames RoundedRows::of(int64_t thread) const {
  nn::cpu::QuantiseFrames to{};
  to.data = values_.mutable_data_ptr<int8_t>() + thread * values_.stride(0);
  to.stride = stride_;
  to.scale = scale_.mutable_data_ptr<float>() + thread * scale_.stride(0);
  to.sum = sum_.mutable_data_ptr<int32_t>() + thread * sum_.stride(0);
  return to;
}

BlockLinear::BlockLinear(const nn::Linear& layer)
    : inputs_(layer.inputs()), outputs_(layer.outputs()), packed_(nn::parts_of(layer).packed) {
  if (packed_) {
    bias_ = layer.bias();
  } else {
    frames_ = frame_linear(layer);
  }
}

nn::cpu::Int8Product BlockLinear::round(const BlockRows& x, const RoundedRows& rounded) const {
  nn::cpu::QuantiseFrames to = rounded.of(x.thread);
  to.x = x.data;
  to.x_stride = x.stride;
  to.rows = x.count;
  to.size = inputs_;
  nn::cpu::frame_int8_kernels()->quantise(to);
  return {to.data,
          to.stride,
          x.count,
          to.scale,
          to.sum,
          packed_->view(),
          bias_.defined() ? bias_.const_data_ptr<float>() : nullptr};
}

void BlockLinear::run(const BlockRows& x, const RoundedRows& rounded, Bf16* y,
                      int64_t stride) const {
  if (packed_) return nn::cpu::frame_int8_kernels()->product(round(x, rounded), y, stride);
  nn::cpu::frame_kernels()->product(product_of(frames_, x.data, x.stride, x.count), y, stride);
}

void BlockLinear::run_gelu(const BlockRows& x, const RoundedRows& rounded, Bf16* y,
                           int64_t stride) const {
  if (packed_) return nn::cpu::frame_int8_kernels()->product_gelu(round(x, rounded), y, stride);
  nn::cpu::frame_kernels()->product_gelu(product_of(frames_, x.data, x.stride, x.count), y, stride);
}

void BlockLinear::add(const BlockRows& x, const RoundedRows& rounded, float* y,
                      int64_t stride) const {
  if (packed_) return nn::cpu::frame_int8_kernels()->product_add(round(x, rounded), y, stride);
  nn::cpu::frame_kernels()->product_add(product_of(frames_, x.data, x.stride, x.count), y, stride);
}

}  // namespace chatterbox::s3gen
