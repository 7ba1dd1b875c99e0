// Attention of one decode step on a CUDA device: each row to its own live prefix of the cache.
// Nothing depends on what the host knows but the shapes, so a step can be captured and replayed.
// Torch-free, and without CUDA's headers.
#pragma once

#include <cstdint>

#include "nn/cuda/kernel.h"

namespace chatterbox::nn::cuda {

// Addresses are those of the device.
struct DecodeStep {
  int rows, heads;
  void* qkv;                  // [rows, 3, heads, 64]: queries, keys, values
  const int64_t* cache_rows;  // [rows]
  const int64_t* positions;   // [rows]: where each stands, that is, positions before it
  const float* cos;           // [positions, 32], or null: nothing is rotated
  const float* sin;
  void* cache;       // [cache rows, 2, heads, capacity, 64]: keys, values
  int64_t capacity;  // positions of a cache row
  int64_t longest;   // at least one more than the largest of the positions
  float* workspace;  // of workspace_floats()
  void* out;         // [rows, heads * 64]
};

// Positions that one block attends to. A row's chunks, and so its bits, depend on its own position
// alone.
inline constexpr int64_t kChunk = 128;
[[nodiscard]] inline int64_t chunks_of(int64_t positions) {
  return (positions + kChunk - 1) / kChunk;
}
// That the chunks of a step hand on: for each its sum of values, its largest score and its total.
[[nodiscard]] inline int64_t workspace_floats(int rows, int heads, int64_t longest) {
  return int64_t{rows} * heads * chunks_of(longest) * (kHeadSize + 2);
}

// Rotates the queries in place and the keys, and writes keys and values into the cache. `type`: of
// qkv and out. Errors: cudaError_t; 0 for none.
[[nodiscard]] int rope_and_cache(const DecodeStep& step, Type type, Type cache, Stream stream);
// What the rotated queries attend to. Whatever the cache holds beyond a row's own positions, NaN
// too, makes no difference.
[[nodiscard]] int decode_attention(const DecodeStep& step, Type type, Type cache, Stream stream);

}  // namespace chatterbox::nn::cuda
