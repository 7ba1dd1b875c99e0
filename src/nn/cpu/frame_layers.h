// Layers for the kernels over frames, and how their work is divided among the threads of the
// caller's pool.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <vector>

#include "nn/cpu/frame_kernels.h"

namespace chatterbox::nn::cpu {

// A linear layer, or a convolution over frames, in the layout of the kernels.
struct FrameLinear {
  at::Tensor weight;  // of a Product
  at::Tensor bias;    // [outputs], fp32; undefined: none
  int64_t depth = 0;  // of a tap; both padded with zeros to whole steps
  int64_t outputs = 0;
  int64_t taps = 1;
};

// weight [N, K], bias [N] or undefined.
[[nodiscard]] FrameLinear pack_linear(const at::Tensor& weight, const at::Tensor& bias);
// weight [N, C, 1, taps]; rows of padded(C) elements.
[[nodiscard]] FrameLinear pack_conv(const at::Tensor& weight, const at::Tensor& bias);
// `size` rounded up to a multiple of kDepthStep.
[[nodiscard]] int64_t padded(int64_t size);

// x: what the first tap of the first row reads; each of the others reads `dilation` rows further.
[[nodiscard]] Product product_of(const FrameLinear& layer, const Bf16* x, int64_t x_stride,
                                 int64_t rows, int64_t dilation = 1);

// bf16 rows of `size` for a batch of rows of `frames` frames, with rows of zeros around them: what
// convolutions see there.
class FrameBuffer {
 public:
  // `ahead` rows of zeros before each row of the batch.
  FrameBuffer(int64_t rows, int64_t frames, int64_t size, int64_t ahead);
  // `around` rows of zeros before each row of these lengths, and zeros from its end on to so many
  // behind it.
  FrameBuffer(const std::vector<int64_t>& lengths, int64_t frames, int64_t size, int64_t around);
  // Where frame `frame` begins; -ahead and above.
  [[nodiscard]] Bf16* at(int64_t row, int64_t frame) const {
    return data_ + ((row * pitch_) + ahead_ + frame) * size_;
  }
  [[nodiscard]] int64_t size() const { return size_; }
  [[nodiscard]] int64_t rows() const { return rows_; }

 private:
  FrameBuffer(int64_t rows, int64_t frames, int64_t size, int64_t ahead, int64_t behind);
  void clear(int64_t row, int64_t first, int64_t count);

  int64_t rows_, size_, ahead_, pitch_;
  at::Tensor memory_;
  Bf16* data_;
};

// Neighbouring frames of one row of a batch.
struct FrameRange {
  int64_t row, first, count;
};
// All frames of rows of these lengths, in parts for the threads.
[[nodiscard]] std::vector<FrameRange> divide_frames(const std::vector<int64_t>& lengths);
// The most frames of a range.
inline constexpr int64_t kMaxRange = 96;
// Calls work(range, thread), threads counted from 0.
void for_each_range(const std::vector<FrameRange>& ranges,
                    const std::function<void(const FrameRange& range, int64_t thread)>& work);

// qkv of rows of 3 H 64; out of rows of H 64: row r attends to its own lengths[r] frames, in those
// from `first` on.
void self_attention(const FrameBuffer& qkv, const std::vector<int64_t>& lengths,
                    const FrameBuffer& out, int64_t first = 0);
// The same with relative positions. projected of rows of 4 H 64: the queries of keys, those of
// distances, the keys, the values; distances [1, 2 T - 1] of rows of H 64, from T - 1 to 1 - T,
// where T is the greatest length.
void relative_attention(const FrameBuffer& projected, const FrameBuffer& distances,
                        const std::vector<int64_t>& lengths, const FrameBuffer& out);

}  // namespace chatterbox::nn::cpu
