// The CPU kernels of models over frames, in bfloat16: hundreds of rows against weights that stay in
// the caches, where time is arithmetic. Sums are in fp32.
//
// Each output is summed in one fixed order that depends on neither the number of rows nor where its
// row stands, so that a row has the same bits in any batch and by any number of threads.
// Torch-free.
#pragma once

#include <cstdint>
#include <optional>

#include "nn/cpu/kernels.h"

namespace chatterbox::nn::cpu {

inline constexpr int64_t kDepthStep = 32;   // of inputs of a product
inline constexpr int64_t kOutputStep = 32;  // of its outputs
// Kernels work on whole tiles: so many rows beyond the last one must be readable. What they hold
// changes no result.
inline constexpr int64_t kRowsBeyond = 48;

// x W^T + b, or a convolution: the sum over its taps.
struct Product {
  const Bf16* x;     // row r begins at x + r * x_stride
  int64_t x_stride;  // even
  int64_t rows;
  const Bf16* weight;  // [outputs / 16, taps, depth / 2, 16, 2]
  const float* bias;   // [outputs] or null
  int64_t depth;       // of a tap; a multiple of kDepthStep
  int64_t outputs;     // a multiple of kOutputStep
  int64_t taps;
  int64_t tap_stride;  // from a tap's inputs to the next one's
};

// Layer normalisation of rows of fp32.
struct Norm {
  const float* x;
  int64_t x_stride;
  int64_t rows;
  int64_t size;  // a multiple of 32
  const float* weight;
  const float* bias;
  float eps;
};

// Queries [first, last) of one head attend to all of `length` keys; heads have kHeadSize.
struct FrameAttention {
  const Bf16 *q, *k, *v;  // rows `stride` apart; kRowsBeyond more of queries are read
  int64_t stride;
  int64_t length;
  // With relative positions (Transformer-XL): what other queries, of the same stride, make of the
  // distances length - 1, ..., 1 - length is added to the scores. Null: without.
  const Bf16* q_position;
  const Bf16* distances;  // [2 length - 1] rows
  int64_t distances_stride;
  int64_t first, last;
  Bf16* out;  // row t at out + t * out_stride
  int64_t out_stride;
  Bf16* scratch;  // attention_scratch(length, ...) elements, 64-byte aligned
};

struct FrameKernels {
  int64_t tile_rows;  // rows that a product computes at a time; of others it drops what it computed
  void (*product)(const Product& product, Bf16* y, int64_t y_stride);
  void (*product_gelu)(const Product& product, Bf16* y, int64_t y_stride);  // by the error function
  void (*product_silu)(const Product& product, Bf16* y, int64_t y_stride);
  void (*product_fp32)(const Product& product, float* y, int64_t y_stride);
  void (*product_add)(const Product& product, float* y, int64_t y_stride);  // y += x W^T + b
  void (*norm)(const Norm& norm, Bf16* y, int64_t y_stride);
  // mish(norm(x)) + shift
  void (*norm_mish)(const Norm& norm, const float* shift, Bf16* y, int64_t y_stride);
  // y += mish(norm(x))
  void (*norm_mish_add)(const Norm& norm, float* y, int64_t y_stride);
  // Rows of fp32 to bf16; size a multiple of 16.
  void (*narrow)(const float* x, int64_t x_stride, int64_t rows, int64_t size, Bf16* y,
                 int64_t y_stride);
  void (*attention)(const FrameAttention& args);
  int64_t (*attention_scratch)(int64_t length, bool with_positions);
};

enum class FrameUnit { kAvx512Bf16, kAmx };

// Whether this build has the variant and this machine runs it.
[[nodiscard]] bool supported(FrameUnit unit);
[[nodiscard]] const char* name(FrameUnit unit);
// The fastest that the machine runs, or null where it has none.
[[nodiscard]] std::optional<FrameUnit> frame_unit();
[[nodiscard]] const FrameKernels* frame_kernels();

// The variants; each is defined in a source compiled for its instruction set.
[[nodiscard]] const FrameKernels& avx512_frame_kernels();
[[nodiscard]] const FrameKernels& amx_frame_kernels();

}  // namespace chatterbox::nn::cpu
