// The CPU kernels of autoregressive decoding, and the one place that chooses among their variants.
//
// They serve a few activation rows against large weights, where time is memory traffic. Each output
// element is summed over k in one fixed order, whatever the number of rows and wherever its row
// stands, so that a row of a batch has the bits of the row alone. Torch-free.
#pragma once

#include <cstdint>

namespace chatterbox::nn::cpu {

using Bf16 = uint16_t;  // bits of a bfloat16

inline constexpr int64_t kHeadSize = 64;  // of all T3 backbones

// Activations; row r begins at data + r * stride.
struct Rows {
  const float* data = nullptr;
  int64_t rows = 0;
  int64_t size = 0;  // features used, the weights' k
  int64_t stride = 0;
  // [rows, size], the same in bfloat16: for bfloat16 weights, where the kernels multiply them so.
  const Bf16* rounded = nullptr;
};

// y[r][n] = sum_k x[r][k] w[n][k] (+ bias[n]) (+ the old y[r][n])
template <class W>
struct LinearArgs {
  Rows x;
  const W* weight = nullptr;    // [N, k] row-major
  const float* bias = nullptr;  // [N] or null
  float* y = nullptr;
  int64_t y_stride = 0;
  bool accumulate = false;
};

// y[r][n] = silu(x[r] . gate[n]) * (x[r] . up[n])
template <class W>
struct SwigluArgs {
  Rows x;
  const W* gate = nullptr;  // [N, k]
  const W* up = nullptr;    // [N, k]
  float* y = nullptr;
  int64_t y_stride = 0;
};

// One head of one row: rotates q and k (or, where there are no angles, does not), appends k and v
// at `position`, and attends to 0..position.
template <class C>
struct AttentionArgs {
  const float* q;  // [64]
  const float* k;  // [64]
  const float* v;  // [64]
  const float*
      cos;  // [32], of `position`; the second half of the head has the same angles; or null
  const float* sin;  // [32], or null
  C* k_cache;        // [positions, 64]
  C* v_cache;        // [positions, 64]
  int64_t position;
  float* out;  // [64]
};

// One head of one row: the same for `count` positions that follow `before` others, of which each
// attends to all of both.
struct BlockAttentionArgs {
  const float *q, *k, *v;   // [count] rows of 64, `stride` apart
  const float *cos, *sin;   // [count, 32], or null
  Bf16 *k_cache, *v_cache;  // [positions, 64]
  int64_t before, count, stride;
  float* out;  // as q
};

// Positions of one head, from `first` on, attend to all.
struct SelfAttentionArgs {
  const float *q, *k, *v;  // [length] rows of 64, `stride` apart
  int64_t stride;
  int64_t length, first, last;  // queries [first, last)
  float* out;                   // [last - first] rows of 64, `out_stride` apart
  int64_t out_stride;
  float* scratch;  // self_attention_scratch(length) floats
};

// A convolution over frames: y[r][n] = sum over taps and inputs of x w (+ bias[n]), in this order.
inline constexpr int64_t kConvPanel = 32;  // outputs whose weights lie together
struct ConvArgs {
  const float* x;  // what the first tap of row r reads begins at x + r * x_stride
  int64_t x_stride;
  int64_t taps, tap_stride;  // from a tap's inputs to the next one's
  int64_t depth;             // inputs of a tap
  const float* weight;       // [outputs / kConvPanel, taps, depth, kConvPanel]
  const float* bias;         // [outputs] or null
  int64_t outputs;
  float* y;
  int64_t y_stride;
};

template <class T>
struct TypedKernels {
  // Outputs n in [begin, end).
  void (*linear)(const LinearArgs<T>& args, int64_t begin, int64_t end);
  void (*linear_gelu)(const LinearArgs<T>& args, int64_t begin, int64_t end);  // of y, by tanh
  void (*swiglu)(const SwigluArgs<T>& args, int64_t begin, int64_t end);
  void (*attention)(const AttentionArgs<T>& args);
};

struct Kernels {
  TypedKernels<float> f32;
  TypedKernels<Bf16> bf16;
  bool rounded_rows;  // bf16 needs Rows::rounded
  // y = x / rms(x) * weight, over n features
  void (*rms_norm)(const float* x, const float* weight, float eps, int64_t n, float* y);
  void (*block_attention)(const BlockAttentionArgs& args);
  void (*self_attention)(const SelfAttentionArgs& args);
  int64_t (*self_attention_scratch)(int64_t length);
  // The rows [begin, end) of one panel of outputs.
  void (*conv)(const ConvArgs& args, int64_t panel, int64_t begin, int64_t end);
};

enum class Isa { kPortable, kAvx2, kAvx512, kAvx512Bf16 };

// Whether this machine multiplies bfloat16 matrices faster than fp32 ones.
[[nodiscard]] bool multiplies_bf16();
[[nodiscard]] const char* name(Isa isa);
// Whether this build has the variant and this machine runs it.
[[nodiscard]] bool supported(Isa isa);
[[nodiscard]] const Kernels& kernels(Isa isa);
// The best for weights of fp32, or of bf16, which differ by an instruction that multiplies bf16.
[[nodiscard]] Isa fp32_isa();
[[nodiscard]] Isa bf16_isa();
// The fastest that the machine runs.
[[nodiscard]] const Kernels& kernels();

template <class T>
[[nodiscard]] const TypedKernels<T>& typed(const Kernels& all);
template <>
inline const TypedKernels<float>& typed<float>(const Kernels& all) {
  return all.f32;
}
template <>
inline const TypedKernels<Bf16>& typed<Bf16>(const Kernels& all) {
  return all.bf16;
}

// The variants; each is defined in a source compiled for its instruction set.
[[nodiscard]] const Kernels& portable_kernels();
[[nodiscard]] const Kernels& avx2_kernels();
[[nodiscard]] const Kernels& avx512_kernels();
[[nodiscard]] const Kernels& avx512_bf16_kernels();

}  // namespace chatterbox::nn::cpu
