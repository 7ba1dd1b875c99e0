// Sums of a few rows with a few outputs, over `Vec`: see kernels_impl.h.
#pragma once

#include "nn/cpu/kernels.h"
#include "nn/cpu/unroll.h"
#include "nn/cpu/vec_math.h"

namespace chatterbox::nn::cpu {
namespace {

constexpr int kTileOutputs = 4;    // weight rows read side by side
constexpr int kBlockOutputs = 16;  // outputs whose sums are kept before the epilogue
constexpr int kBlockRows = 32;
constexpr int64_t kCacheLine = 64;  // bytes

// y[r][n] for kN weight rows from w and kR rows of x. Every sum is one chain of kWidth lanes.
template <class W, int kN, int kR, bool kPrefetch>
inline void tile(const float* x, int64_t x_stride, const W* w, int64_t k, float* y) {
  constexpr int64_t kStep = kCacheLine / static_cast<int64_t>(sizeof(W));
  constexpr int kVecs = static_cast<int>(kStep) / kWidth;
  Vec sum[kN][kR];
  CHATTERBOX_UNROLL
  for (int n = 0; n < kN; ++n) {
    CHATTERBOX_UNROLL
    for (int r = 0; r < kR; ++r) sum[n][r] = Vec::all(0.0f);
  }
  int64_t i = 0;
  for (; i + kStep <= k; i += kStep) {
    if constexpr (kPrefetch) {
      CHATTERBOX_UNROLL
      for (int n = 0; n < kN; ++n) {
        // Of the next weights; the hardware's prefetchers stop at the end of a page, which is a
        // row.
        __builtin_prefetch(w + (n + kN) * k + i, 0, 2);
      }
    }
    CHATTERBOX_UNROLL
    for (int u = 0; u < kVecs; ++u) {
      Vec weights[kN];
      CHATTERBOX_UNROLL
      for (int n = 0; n < kN; ++n) weights[n] = Vec::load(w + n * k + i + u * kWidth);
      CHATTERBOX_UNROLL
      for (int r = 0; r < kR; ++r) {
        const Vec value = Vec::load(x + r * x_stride + i + u * kWidth);
        CHATTERBOX_UNROLL
        for (int n = 0; n < kN; ++n) sum[n][r] = fma(weights[n], value, sum[n][r]);
      }
    }
  }
  for (; i < k; i += kWidth) {
    const int64_t left = k - i < kWidth ? k - i : kWidth;
    CHATTERBOX_UNROLL
    for (int n = 0; n < kN; ++n) {
      const Vec weights = Vec::load(w + n * k + i, left);
      CHATTERBOX_UNROLL
      for (int r = 0; r < kR; ++r) {
        sum[n][r] = fma(weights, Vec::load(x + r * x_stride + i, left), sum[n][r]);
      }
    }
  }
  CHATTERBOX_UNROLL
  for (int n = 0; n < kN; ++n) {
    CHATTERBOX_UNROLL
    for (int r = 0; r < kR; ++r) y[r * kBlockOutputs + n] = sum[n][r].sum();
  }
}

// The first rows bring the next weights into the cache, for all.
template <class W, int kN, int kR, bool kPrefetch = true>
inline void tile_rows(const Rows& x, int64_t first, int64_t rows, const W* w, float* y) {
  if (rows >= kR) {
    tile<W, kN, kR, kPrefetch>(x.data + first * x.stride, x.stride, w, x.size, y);
    tile_rows<W, kN, kR, false>(x, first + kR, rows - kR, w, y + kR * kBlockOutputs);
  } else if constexpr (kR > 1) {
    if (rows > 0) tile_rows<W, kN, kR - 1, kPrefetch>(x, first, rows, w, y);
  }
}

// Sums of x's rows [first, first + rows) with `outputs` <= 16 weight rows from w: y[r][16].
template <class W>
inline void block(const Rows& x, int64_t first, int64_t rows, const W* w, int64_t outputs,
                  float* y) {
  int64_t n = 0;
  for (; n + kTileOutputs <= outputs; n += kTileOutputs) {
    tile_rows<W, kTileOutputs, Vec::kTileRows>(x, first, rows, w + n * x.size, y + n);
  }
  for (; n < outputs; ++n) tile_rows<W, 1, Vec::kTileRows>(x, first, rows, w + n * x.size, y + n);
}

}  // namespace
}  // namespace chatterbox::nn::cpu
