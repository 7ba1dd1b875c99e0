// Under the rules of kernels_impl.h.
#include "nn/cpu/frame_int8.h"

#include <immintrin.h>

namespace chatterbox::nn::cpu {
namespace {

constexpr int kRows = 12;  // 12 x 2 sums, 2 columns and four inputs fit the 32 registers
constexpr int64_t kGroupBytes = kPanelOutputs * kGroupInputs;
constexpr int64_t kHalf = 16;  // outputs of a register
constexpr int32_t kWeightZero = 128;

// Integer sums of kRows rows with 32 outputs: finish(row, 16 outputs, the next 16).
template <class Finish>
inline __attribute__((always_inline)) void tile(const int8_t* x, int64_t stride,
                                                const uint8_t* weight, int64_t groups,
                                                const Finish& finish) {
  __m512i sum[kRows][2];
#pragma GCC unroll 12
  for (auto& row : sum) row[0] = row[1] = _mm512_setzero_si512();
  // Few registers address all rows: a base, and once or twice the stride.
  const int8_t* const bases[] = {x, x + 3 * stride, x + 6 * stride, x + 9 * stride};
  for (int64_t g = 0; g < groups; ++g, weight += kGroupBytes) {
    const __m512i low = _mm512_loadu_si512(weight);
    const __m512i high = _mm512_loadu_si512(weight + kHalf * kGroupInputs);
#pragma GCC unroll 12
    for (int r = 0; r < kRows; ++r) {
      int32_t four;
      __builtin_memcpy(&four, bases[r / 3] + r % 3 * stride + g * kGroupInputs, sizeof four);
      const __m512i inputs = _mm512_set1_epi32(four);
      // GCC 12 believes that the intrinsic writes to memory, and stores all sums after each.
      asm("vpdpbusd %2, %1, %0" : "+v"(sum[r][0]) : "v"(low), "v"(inputs));
      asm("vpdpbusd %2, %1, %0" : "+v"(sum[r][1]) : "v"(high), "v"(inputs));
    }
  }
#pragma GCC unroll 12
  for (int r = 0; r < kRows; ++r) finish(r, sum[r][0], sum[r][1]);
}

// Calls finish(row, output, 16 outputs, the next 16) for all, biases added.
template <class Finish>
inline void multiply(const Int8Product& p, const Finish& finish) {
  const int64_t groups = p.w.inputs / kGroupInputs;
  const __m512 zero = _mm512_setzero_ps();
  for (int64_t n = 0; n < p.w.outputs; n += kOutputStep) {
    const uint8_t* weight =
        p.w.data + n / kPanelOutputs * groups * kGroupBytes + n % kPanelOutputs * kGroupInputs;
    const __m512 low_scale = _mm512_loadu_ps(p.w.scale + n);
    const __m512 high_scale = _mm512_loadu_ps(p.w.scale + n + kHalf);
    const __m512 low_bias = p.bias == nullptr ? zero : _mm512_loadu_ps(p.bias + n);
    const __m512 high_bias = p.bias == nullptr ? zero : _mm512_loadu_ps(p.bias + n + kHalf);
    for (int64_t first = 0; first < p.rows; first += kRows) {
      const int64_t left = p.rows - first;
      tile(p.x + first * p.x_stride, p.x_stride, weight, groups,
           [&](int r, __m512i low, __m512i high) {
             if (r >= left) return;
             const __m512i excess = _mm512_set1_epi32(kWeightZero * p.sum[first + r]);
             const __m512 scale = _mm512_set1_ps(p.scale[first + r]);
             const auto value = [&](__m512i sums, __m512 output_scale, __m512 bias) {
               const __m512 exact = _mm512_cvtepi32_ps(_mm512_sub_epi32(sums, excess));
               return _mm512_fmadd_ps(exact, _mm512_mul_ps(scale, output_scale), bias);
             };
             finish(first + r, n, value(low, low_scale, low_bias),
                    value(high, high_scale, high_bias));
           });
    }
  }
}

inline __m512 widen(const Bf16* x) {
  const __m256i bits = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x));
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
}

// The bits of a row's largest magnitude; not below infinity's where a value is not finite.
inline uint32_t largest_bits(const Bf16* x, int64_t size) {
  __m512i largest = _mm512_setzero_si512();
  for (int64_t i = 0; i < size; i += 32) {
    const __m512i values = _mm512_loadu_si512(x + i);
    largest = _mm512_max_epu16(largest, _mm512_and_si512(values, _mm512_set1_epi16(0x7fff)));
  }
  const __m512i even = _mm512_slli_epi32(largest, 16);
  const __m512i odd = _mm512_and_si512(largest, _mm512_set1_epi32(static_cast<int>(0xffff0000)));
  return _mm512_reduce_max_epu32(_mm512_max_epu32(even, odd));
}

// As quantise_row() of int8_impl.h.
inline void quantise_row(const Bf16* x, int64_t size, int8_t* to, float* scale, int32_t* sum) {
  constexpr float kLargest = 127.0F;
  constexpr uint32_t kInfinityBits = 0x7f800000U;
  constexpr uint32_t kLeastBits = 0x03000000U;  // below, 127 / x is no number any more
  const uint32_t bits = largest_bits(x, size);
  float largest;
  __builtin_memcpy(&largest, &bits, sizeof largest);
  const bool numbers = bits >= kLeastBits && bits < kInfinityBits;
  *scale = numbers ? largest / kLargest : bits >= kInfinityBits ? __builtin_nanf("") : 0.0F;
  const __m512 inverse = _mm512_set1_ps(numbers ? kLargest / largest : 0.0F);
  // 0 times what is not finite is no number: a mask keeps it out.
  const auto taken = static_cast<__mmask16>(numbers ? 0xffff : 0);
  __m512i total = _mm512_setzero_si512();
  int64_t i = 0;
  for (; i < size; i += 16) {
    const __m512i values = _mm512_maskz_cvtps_epi32(taken, _mm512_mul_ps(widen(x + i), inverse));
    total = _mm512_add_epi32(total, values);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + i), _mm512_cvtepi32_epi8(values));
  }
  for (; i < int8_padded(size); i += 16) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + i), _mm_setzero_si128());
  }
  *sum = _mm512_reduce_add_epi32(total);
}

void quantise(const QuantiseFrames& args) {
  for (int64_t r = 0; r < args.rows; ++r) {
    quantise_row(args.x + r * args.x_stride, args.size, args.data + r * args.stride, args.scale + r,
                 args.sum + r);
  }
}

}  // namespace
}  // namespace chatterbox::nn::cpu

#include "nn/cpu/frame_store_impl.h"

namespace chatterbox::nn::cpu {

const FrameInt8Kernels& avx512_frame_int8_kernels() {
  static constexpr FrameInt8Kernels kAll{quantise, product<Int8Product>, product_gelu<Int8Product>,
                                         product_add<Int8Product>};
  return kAll;
}

}  // namespace chatterbox::nn::cpu
