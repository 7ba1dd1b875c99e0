// Layer normalisation of fp32 rows, and what follows it. Included after frame_product_impl.h, under
// its rules.
#pragma once

#include "nn/cpu/frame_product_impl.h"

namespace chatterbox::nn::cpu {
namespace {

inline float sum_of(__m512 x) { return _mm512_reduce_add_ps(x); }

// Calls finish(row, channel, 16 normalised channels, the next 16).
template <class Finish>
inline void normalise(const Norm& norm, const Finish& finish) {
  const auto count = static_cast<float>(norm.size);
  for (int64_t r = 0; r < norm.rows; ++r) {
    const float* x = norm.x + r * norm.x_stride;
    __m512 sum = _mm512_setzero_ps();
    for (int64_t c = 0; c < norm.size; c += 16) sum = _mm512_add_ps(sum, _mm512_loadu_ps(x + c));
    const __m512 mean = _mm512_set1_ps(sum_of(sum) / count);
    __m512 squares = _mm512_setzero_ps();
    for (int64_t c = 0; c < norm.size; c += 16) {
      const __m512 d = _mm512_sub_ps(_mm512_loadu_ps(x + c), mean);
      squares = _mm512_fmadd_ps(d, d, squares);
    }
    const __m512 scale = _mm512_set1_ps(1.0F / __builtin_sqrtf(sum_of(squares) / count + norm.eps));
    const auto channels = [&](int64_t c) {
      const __m512 unit = _mm512_mul_ps(_mm512_sub_ps(_mm512_loadu_ps(x + c), mean), scale);
      return _mm512_fmadd_ps(unit, _mm512_loadu_ps(norm.weight + c),
                             _mm512_loadu_ps(norm.bias + c));
    };
    for (int64_t c = 0; c < norm.size; c += 32) finish(r, c, channels(c), channels(c + 16));
  }
}

void norm(const Norm& norm, Bf16* y, int64_t y_stride) {
  normalise(norm, [=](int64_t r, int64_t c, __m512 low, __m512 high) {
    _mm512_storeu_si512(y + r * y_stride + c, pack_bf16(low, high));
  });
}

void norm_mish(const Norm& norm, const float* shift, Bf16* y, int64_t y_stride) {
  normalise(norm, [=](int64_t r, int64_t c, __m512 low, __m512 high) {
    const __m512 a = _mm512_add_ps(mish(low), _mm512_loadu_ps(shift + c));
    const __m512 b = _mm512_add_ps(mish(high), _mm512_loadu_ps(shift + c + 16));
    _mm512_storeu_si512(y + r * y_stride + c, pack_bf16(a, b));
  });
}

void norm_mish_add(const Norm& norm, float* y, int64_t y_stride) {
  normalise(norm, [=](int64_t r, int64_t c, __m512 low, __m512 high) {
    float* to = y + r * y_stride + c;
    _mm512_storeu_ps(to, _mm512_add_ps(_mm512_loadu_ps(to), mish(low)));
    _mm512_storeu_ps(to + 16, _mm512_add_ps(_mm512_loadu_ps(to + 16), mish(high)));
  });
}

void narrow(const float* x, int64_t x_stride, int64_t rows, int64_t size, Bf16* y,
            int64_t y_stride) {
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < size; c += 16) {
      const auto bits =
          reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(_mm512_loadu_ps(x + r * x_stride + c)));
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(y + r * y_stride + c), bits);
    }
  }
}

}  // namespace
}  // namespace chatterbox::nn::cpu
