#include "s3gen/frame_mask.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/lt.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <utility>

namespace chatterbox::s3gen {
namespace {

at::Tensor make_keep(const std::vector<int64_t>& lengths, c10::Device device) {
  const auto [shortest, longest] = std::minmax_element(lengths.begin(), lengths.end());
  if (*shortest == *longest) return {};
  const auto options = at::TensorOptions(at::kLong).device(device);
  const at::Tensor ends = at::tensor(lengths, at::kLong).to(device).unsqueeze(1);  // [B, 1]
  return at::arange(*longest, options).lt(ends).to(at::kFloat).unsqueeze(1).unsqueeze(1);
}

}  // namespace

FrameMask make_frame_mask(std::vector<int64_t> lengths, c10::Device device) {
  at::Tensor keep = make_keep(lengths, device);
  return {std::move(lengths), std::move(keep)};
}

FrameMask scaled(const FrameMask& mask, int64_t scale, int64_t extra) {
  std::vector<int64_t> lengths = mask.lengths;
  for (int64_t& length : lengths) length = length * scale + extra;
  return make_frame_mask(std::move(lengths), mask.keep.defined() ? mask.keep.device() : c10::kCPU);
}

at::Tensor zero_padding(at::Tensor x, const FrameMask& mask) {
  return mask.keep.defined() ? x.mul_(mask.keep) : x;
}

at::Tensor time_major(const FrameMask& mask) { return mask.keep.squeeze(1).transpose(1, 2); }

at::Tensor attention_padding(const FrameMask& mask, c10::ScalarType type) {
  if (!mask.keep.defined()) return {};
  return mask.keep.log().to(type);  // 1 becomes 0, 0 becomes -inf
}

}  // namespace chatterbox::s3gen
