// What the models over frames share when the CPU's bf16 kernels run them.
#pragma once

#include <ATen/core/Tensor.h>

#include "nn/cpu/frame_layers.h"
#include "nn/layer_norm.h"
#include "nn/linear.h"

namespace chatterbox::s3gen {

// Whether weights of this placement are for the kernels.
[[nodiscard]] bool runs_on_frame_kernels(const nn::Placement& placement);

[[nodiscard]] inline bool is_whole_step(int64_t size) { return size % nn::cpu::kOutputStep == 0; }

[[nodiscard]] nn::cpu::FrameLinear frame_linear(const nn::Linear& layer);
// With another bias, fp32, in place of its own.
[[nodiscard]] nn::cpu::FrameLinear frame_linear(const nn::Linear& layer, const at::Tensor& bias);
// Of `rows` rows that lie together.
[[nodiscard]] nn::cpu::Norm norm_of(const nn::LayerNorm& layer, const float* x, int64_t rows);

// What each thread keeps of the range of frames that it is at.
class FrameScratch {
 public:
  // Sizes of a frame in the stream that blocks add to, and inside of a feed-forward.
  FrameScratch(int64_t size, int64_t inner);
  [[nodiscard]] float* sums(int64_t thread) const { return of<float>(sums_, thread); }
  [[nodiscard]] nn::cpu::Bf16* rows(int64_t thread) const {
    return of<nn::cpu::Bf16>(rows_, thread);
  }
  [[nodiscard]] nn::cpu::Bf16* inner(int64_t thread) const {
    return of<nn::cpu::Bf16>(inner_, thread);
  }

 private:
  template <class T>
  static T* of(const at::Tensor& memory, int64_t thread) {
    return static_cast<T*>(memory.mutable_data_ptr()) + thread * memory.stride(0);
  }
  at::Tensor sums_, rows_, inner_;
};

}  // namespace chatterbox::s3gen
