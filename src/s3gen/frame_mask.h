// Which frames of a padded batch are real.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace chatterbox::s3gen {

struct FrameMask {
  std::vector<int64_t> lengths;  // one a row
  at::Tensor keep;               // [B, 1, 1, T], 1 and 0; undefined where no row is padded
  at::Tensor ends;               // the lengths where the model is, [B]; undefined like `keep`
};

// Copies the lengths to the device.
[[nodiscard]] FrameMask make_frame_mask(std::vector<int64_t> lengths, c10::Device device);
// `ends`: the same lengths, int64, which are there already.
[[nodiscard]] FrameMask make_frame_mask(std::vector<int64_t> lengths, const at::Tensor& ends);
// The same rows at a higher frame rate: `scale` frames for each of `mask`, and `extra` more. Made
// where the mask is.
[[nodiscard]] FrameMask scaled(const FrameMask& mask, int64_t scale, int64_t extra = 0);
// x [B, C, 1, T] with zeros in the padding. In place where x may be written.
[[nodiscard]] at::Tensor zero_padding(at::Tensor x, const FrameMask& mask);
// `keep` for [B, T, C], as [B, T, 1]. Where no row is padded there is none.
[[nodiscard]] at::Tensor time_major(const FrameMask& mask);
// What attention adds to the scores of keys, [B, 1, 1, T]: 0, or -inf in the padding. Undefined
// where no row is padded.
[[nodiscard]] at::Tensor attention_padding(const FrameMask& mask, c10::ScalarType type);

}  // namespace chatterbox::s3gen
