#include <immintrin.h>

#include "nn/cpu/frame_kernels.h"

namespace chatterbox::nn::cpu {
namespace {

// Dot products of pairs.
struct Unit {
  static constexpr int kRows = 12;     // 12 x 2 sums, 2 columns and a pair fit the 32 registers
  static constexpr int kQueries = 36;  // whose scores stay in the first cache

  struct Session {};

  // Sums over `depth` of kRows rows with 32 outputs: finish(row, 16 outputs, the next 16).
  // A tap's rows stand `tap_stride` after those of the tap before; `panel`: the whole depth of the
  // weights' layout.
  template <class Finish>
  static inline __attribute__((always_inline)) void tile(const uint16_t* x, int64_t stride,
                                                         const uint16_t* weight, int64_t panel,
                                                         int64_t depth, int64_t taps,
                                                         int64_t tap_stride, const Finish& finish) {
    const uint16_t* right = weight + panel * 16;
    __m512 sum[kRows][2];
#pragma GCC unroll 12
    for (auto& row : sum) row[0] = row[1] = _mm512_setzero_ps();
    for (int64_t tap = 0; tap < taps; ++tap) {
      // Few registers address all rows: a base, and once or twice the stride.
      const uint16_t* const bases[] = {x, x + 3 * stride, x + 6 * stride, x + 9 * stride};
      for (int64_t k = 0; k < depth; k += 2) {
        const auto a = reinterpret_cast<__m512bh>(_mm512_loadu_si512(weight + k * 16));
        const auto b = reinterpret_cast<__m512bh>(_mm512_loadu_si512(right + k * 16));
#pragma GCC unroll 12
        for (int r = 0; r < kRows; ++r) {
          int32_t pair;
          __builtin_memcpy(&pair, bases[r / 3] + r % 3 * stride + k, sizeof pair);
          const auto values = reinterpret_cast<__m512bh>(_mm512_set1_epi32(pair));
          sum[r][0] = _mm512_dpbf16_ps(sum[r][0], values, a);
          sum[r][1] = _mm512_dpbf16_ps(sum[r][1], values, b);
        }
      }
      x += tap_stride;
      weight += depth * 16;
      right += depth * 16;
    }
#pragma GCC unroll 12
    for (int r = 0; r < kRows; ++r) finish(r, sum[r][0], sum[r][1]);
  }
};

}  // namespace
}  // namespace chatterbox::nn::cpu

#include "nn/cpu/frame_variant_impl.h"

namespace chatterbox::nn::cpu {
const FrameKernels& avx512_frame_kernels() { return kTheseFrameKernels; }
}  // namespace chatterbox::nn::cpu
