#include "s3gen/frame_mask.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/lt.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <utility>

namespace chatterbox::s3gen {
namespace {

bool is_padded(const std::vector<int64_t>& lengths) {
  const auto [shortest, longest] = std::minmax_element(lengths.begin(), lengths.end());
  return *shortest != *longest;
}

}  // namespace

FrameMask make_frame_mask(std::vector<int64_t> lengths, c10::Device device) {
  if (!is_padded(lengths)) return {std::move(lengths), {}, {}};
  const at::Tensor ends = at::tensor(lengths, at::kLong).to(device);
  return make_frame_mask(std::move(lengths), ends);
}

FrameMask make_frame_mask(std::vector<int64_t> lengths, const at::Tensor& ends) {
  if (!is_padded(lengths)) return {std::move(lengths), {}, {}};
  const int64_t longest = *std::max_element(lengths.begin(), lengths.end());
  const at::Tensor keep =
      at::arange(longest, ends.options()).lt(ends.unsqueeze(1)).to(at::kFloat);  // [B, T]
  return {std::move(lengths), keep.unsqueeze(1).unsqueeze(1), ends};
}

FrameMask scaled(const FrameMask& mask, int64_t scale, int64_t extra) {
  std::vector<int64_t> lengths = mask.lengths;
  for (int64_t& length : lengths) length = length * scale + extra;
  if (!mask.ends.defined()) return {std::move(lengths), {}, {}};
  return make_frame_mask(std::move(lengths), mask.ends.mul(scale).add_(extra));
}

// It writes to what x shows. NOLINTNEXTLINE(performance-unnecessary-value-param)
at::Tensor zero_padding(at::Tensor x, const FrameMask& mask) {
  return mask.keep.defined() ? x.mul_(mask.keep) : x;
}

at::Tensor time_major(const FrameMask& mask) { return mask.keep.squeeze(1).transpose(1, 2); }

at::Tensor attention_padding(const FrameMask& mask, c10::ScalarType type) {
  if (!mask.keep.defined()) return {};
  return mask.keep.log().to(type);  // 1 becomes 0, 0 becomes -inf
}

}  // namespace chatterbox::s3gen
