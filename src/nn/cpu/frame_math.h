// Functions of 16 channels of frames, for results that are rounded to bfloat16. Under the rules of
// kernels_impl.h.
#pragma once

#include <immintrin.h>

namespace chatterbox::nn::cpu {
namespace {

inline __m512i pack_bf16(__m512 low, __m512 high) {
  return reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(high, low));
}

// 2^x, relative error 7.5e-5: minimax of degree 3 on [0, 1). For what is rounded to bfloat16.
inline __m512 exp2(__m512 x) {
  const __m512 r = _mm512_reduce_ps(x, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
  __m512 p = _mm512_set1_ps(0.07802448F);
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0.2260672F));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0.6958335F));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0.9999252F));
  return _mm512_scalef_ps(p, x);  // by 2^floor(x)
}

constexpr float kLog2E = 1.44269504F;

// x times the normal distribution's integral up to x. Absolute error 7e-5: that integral less 1/2
// as an odd minimax polynomial on [-4.5, 4.5].
inline __m512 gelu(__m512 x) {
  constexpr float kEnd = 4.5F;
  const __m512 end = _mm512_set1_ps(kEnd);
  const __m512 c = _mm512_max_ps(_mm512_min_ps(x, end), _mm512_sub_ps(_mm512_setzero_ps(), end));
  const __m512 z = _mm512_mul_ps(c, c);
  __m512 p = _mm512_set1_ps(3.1873458e-11F);
  p = _mm512_fmadd_ps(p, z, _mm512_set1_ps(-3.4561238e-9F));
  p = _mm512_fmadd_ps(p, z, _mm512_set1_ps(1.64651852e-7F));
  p = _mm512_fmadd_ps(p, z, _mm512_set1_ps(-4.5699826e-6F));
  p = _mm512_fmadd_ps(p, z, _mm512_set1_ps(8.2904990e-5F));
  p = _mm512_fmadd_ps(p, z, _mm512_set1_ps(-1.04858296e-3F));
  p = _mm512_fmadd_ps(p, z, _mm512_set1_ps(9.6316449e-3F));
  p = _mm512_fmadd_ps(p, z, _mm512_set1_ps(-6.6083975e-2F));
  p = _mm512_fmadd_ps(p, z, _mm512_set1_ps(0.39879152F));
  return _mm512_mul_ps(x, _mm512_fmadd_ps(c, p, _mm512_set1_ps(0.5F)));
}

inline __m512 silu(__m512 x) {
  const __m512 e = exp2(_mm512_mul_ps(x, _mm512_set1_ps(-kLog2E)));
  return _mm512_div_ps(x, _mm512_add_ps(_mm512_set1_ps(1.0F), e));
}

// x tanh(log(1 + e^x)) = x n / (n + 2), n = e^x (e^x + 2)
inline __m512 mish(__m512 x) {
  const __m512 two = _mm512_set1_ps(2.0F);
  const __m512 e =
      exp2(_mm512_mul_ps(_mm512_min_ps(x, _mm512_set1_ps(20.0F)),  // there n / (n + 2) is 1
                         _mm512_set1_ps(kLog2E)));
  const __m512 n = _mm512_mul_ps(e, _mm512_add_ps(e, two));
  return _mm512_mul_ps(x, _mm512_div_ps(n, _mm512_add_ps(n, two)));
}

}  // namespace
}  // namespace chatterbox::nn::cpu
