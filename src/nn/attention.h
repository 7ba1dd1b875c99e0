// Attention of one position a row to a cache of keys and values, and of all positions to all.
#pragma once

#include <ATen/core/Tensor.h>

#include "nn/cpu/block_attention.h"
#include "nn/cpu/parallel.h"

namespace chatterbox::nn {

using cpu::CachedAttention;

// Rotates q and k, appends k and v, and attends to each row's own prefix, by the kernels on the
// CPU. Whatever the cache holds beyond a row's own positions, NaN too, makes no difference.
// [R, H * 64]
[[nodiscard]] at::Tensor cached_attention(const CachedAttention& args);

// The same with at:: operators, on any device, of which nothing depends on what the host knows.
// Where the rows of a step are.
struct StepSpan {
  at::Tensor rows, positions;  // [R], int64: query r stands at positions[r] of cache row rows[r]
  int64_t longest;             // at least one more than the largest of the positions
};
// What they see: of all layers, made once, where operators look or heads are watched.
struct StepView {
  at::Tensor seen;  // [R, longest]: the row's positions, and its last one in place of others
  at::Tensor mask;  // [R, 1, 1, longest], added to the scores: 0, or -inf for the others
};
// `type`: of the queries.
[[nodiscard]] StepView step_view(const StepSpan& span, c10::ScalarType type);
// qkv [R, 3, H, 64]: rotated queries, rotated keys, values; cache [rows, 2, H, positions, 64]: keys
// and values. [R, H * 64]
[[nodiscard]] at::Tensor step_attention(const at::Tensor& qkv, const at::Tensor& cache,
                                        const StepSpan& span, const StepView& view);

using cpu::BlockAttention;
using cpu::BlockPlace;

// Whether block_attention() is for this cache: on the CPU in bfloat16, which libtorch's operators
// would widen anew each time. In fp32 these keep the bits that the goldens have.
[[nodiscard]] bool attends_in_blocks(const at::Tensor& cache);
using cpu::block_attention;

// qkv [B, T, 3 H 64]: the queries of all heads, the keys, the values; padding [B, 1, 1, T], added
// to the scores, or undefined. before [B, P, 2 H 64]: keys and values that all queries see besides,
// of rows that are not padded; or undefined. [B, T, H 64]
[[nodiscard]] at::Tensor self_attention(const at::Tensor& qkv, const at::Tensor& padding,
                                        const at::Tensor& before = {});

}  // namespace chatterbox::nn
