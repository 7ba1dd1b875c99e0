// Blocks of positions attend to rows of a cache in bfloat16, by the kernels, spread over the
// threads of the caller's pool.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace chatterbox::nn::cpu {

// `count` positions that follow the `before` of a cache row.
struct BlockPlace {
  int64_t row, before, count;
};

struct BlockAttention {
  at::Tensor q, k, v;           // [N, H * 64], fp32, not rotated yet, one block after another
  at::Tensor cos, sin;          // [N, 32], of these positions; undefined: nothing is rotated
  at::Tensor k_cache, v_cache;  // [cache rows, H, positions, 64], bf16
  const std::vector<BlockPlace>& blocks;
};
// Rotates q and k, puts k and v behind what the rows have, and attends to all of the own row and
// block. A block's bits depend on nothing else. [N, H * 64]
[[nodiscard]] at::Tensor block_attention(const BlockAttention& args);

}  // namespace chatterbox::nn::cpu
