// A linear layer of the estimator's transformer blocks for the CPU's kernels over frames: of
// bfloat16, or of 8-bit integers.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>

#include "nn/cpu/frame_int8.h"
#include "nn/cpu/frame_layers.h"
#include "nn/int8_matrix.h"
#include "nn/linear.h"

namespace chatterbox::s3gen {

// Where the threads round the rows of a range of frames. Nothing where no layer is of integers.
class RoundedRows {
 public:
  RoundedRows() = default;
  // Of at most `size` inputs.
  explicit RoundedRows(int64_t size);
  [[nodiscard]] nn::cpu::QuantiseFrames of(int64_t thread) const;

 private:
  int64_t stride_ = 0;
  at::Tensor values_, scale_, sum_;
};

// Rows of a range of frames, and the thread that is at them.
struct BlockRows {
  const nn::cpu::Bf16* data;
  int64_t stride, count, thread;
};

class BlockLinear {
 public:
  BlockLinear() = default;
  // Of a layer in bf16 or packed.
  explicit BlockLinear(const nn::Linear& layer);
  [[nodiscard]] int64_t inputs() const { return inputs_; }
  [[nodiscard]] int64_t outputs() const { return outputs_; }
  [[nodiscard]] bool in_int8() const { return packed_ != nullptr; }

  // y [count] rows, `stride` apart: x W^T + b; its gelu; the same added to what is there.
  void run(const BlockRows& x, const RoundedRows& rounded, nn::cpu::Bf16* y, int64_t stride) const;
  void run_gelu(const BlockRows& x, const RoundedRows& rounded, nn::cpu::Bf16* y,
                int64_t stride) const;
  void add(const BlockRows& x, const RoundedRows& rounded, float* y, int64_t stride) const;

 private:
  [[nodiscard]] nn::cpu::Int8Product round(const BlockRows& x, const RoundedRows& rounded) const;

  int64_t inputs_ = 0, outputs_ = 0;
  nn::cpu::FrameLinear frames_;                   // in bf16
  std::shared_ptr<const nn::Int8Matrix> packed_;  // in int8
  at::Tensor bias_;                               // beside it; [outputs] or undefined
};

}  // namespace chatterbox::s3gen
