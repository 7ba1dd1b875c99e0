// The AVX-512 kernels with products of bfloat16, where weights are: inputs are rounded, sums fp32.
#include "nn/cpu/vec_avx512.h"
//
#include "nn/cpu/block_impl.h"

namespace chatterbox::nn::cpu {
namespace {

// As tile() of block_impl.h: every sum is one chain of 16 lanes of two products.
template <int kN, int kR, bool kPrefetch>
inline void bf16_tile(const Bf16* x, int64_t x_stride, const Bf16* w, int64_t k, float* y) {
  constexpr int64_t kStep = 32;  // a line
  __m512 sum[kN][kR];
  CHATTERBOX_UNROLL
  for (int n = 0; n < kN; ++n) {
    CHATTERBOX_UNROLL
    for (int r = 0; r < kR; ++r) sum[n][r] = _mm512_setzero_ps();
  }
  for (int64_t i = 0; i < k; i += kStep) {
    const __mmask32 mask = k - i >= kStep ? 0xffffffffU : (1U << (k - i)) - 1U;
    __m512bh weights[kN];
    CHATTERBOX_UNROLL
    for (int n = 0; n < kN; ++n) {
      // Of the next weights; the hardware's prefetchers stop at the end of a page.
      if constexpr (kPrefetch) __builtin_prefetch(w + (n + kN) * k + i, 0, 2);
      weights[n] = reinterpret_cast<__m512bh>(_mm512_maskz_loadu_epi16(mask, w + n * k + i));
    }
    CHATTERBOX_UNROLL
    for (int r = 0; r < kR; ++r) {
      const auto value =
          reinterpret_cast<__m512bh>(_mm512_maskz_loadu_epi16(mask, x + r * x_stride + i));
      CHATTERBOX_UNROLL
      for (int n = 0; n < kN; ++n) sum[n][r] = _mm512_dpbf16_ps(sum[n][r], weights[n], value);
    }
  }
  CHATTERBOX_UNROLL
  for (int n = 0; n < kN; ++n) {
    CHATTERBOX_UNROLL
    for (int r = 0; r < kR; ++r) y[r * kBlockOutputs + n] = Vec{sum[n][r]}.sum();
  }
}

template <int kN, int kR, bool kPrefetch = true>
inline void bf16_tile_rows(const Rows& x, int64_t first, int64_t rows, const Bf16* w, float* y) {
  if (rows >= kR) {
    bf16_tile<kN, kR, kPrefetch>(x.rounded + first * x.size, x.size, w, x.size, y);
    bf16_tile_rows<kN, kR, false>(x, first + kR, rows - kR, w, y + kR * kBlockOutputs);
  } else if constexpr (kR > 1) {
    if (rows > 0) bf16_tile_rows<kN, kR - 1, kPrefetch>(x, first, rows, w, y);
  }
}

// In place of the template for bfloat16 weights.
inline void block(const Rows& x, int64_t first, int64_t rows, const Bf16* w, int64_t outputs,
                  float* y) {
  int64_t n = 0;
  for (; n + kTileOutputs <= outputs; n += kTileOutputs) {
    bf16_tile_rows<kTileOutputs, Vec::kTileRows>(x, first, rows, w + n * x.size, y + n);
  }
  for (; n < outputs; ++n) {
    bf16_tile_rows<1, Vec::kTileRows>(x, first, rows, w + n * x.size, y + n);
  }
}

}  // namespace
}  // namespace chatterbox::nn::cpu

#include "nn/cpu/variant_impl.h"

namespace chatterbox::nn::cpu {

const Kernels& avx512_bf16_kernels() {
  static const Kernels all = [] {
    Kernels kernels = avx512_kernels();
    kernels.bf16.linear = linear<Bf16>;
    kernels.bf16.linear_gelu = linear_gelu<Bf16>;
    kernels.bf16.swiglu = swiglu<Bf16>;
    kernels.rounded_rows = true;
    return kernels;
  }();
  return all;
}

}  // namespace chatterbox::nn::cpu
