// What is done to the sums of a product before they are stored. Included after multiply(p, finish)
// of the including source's products, under the rules of kernels_impl.h.
#pragma once

#include "nn/cpu/frame_math.h"

namespace chatterbox::nn::cpu {
namespace {

template <class P>
void product(const P& p, Bf16* y, int64_t y_stride) {
  multiply(p, [=](int64_t r, int64_t n, __m512 low, __m512 high) {
    _mm512_storeu_si512(y + r * y_stride + n, pack_bf16(low, high));
  });
}

template <class P>
void product_gelu(const P& p, Bf16* y, int64_t y_stride) {
  multiply(p, [=](int64_t r, int64_t n, __m512 low, __m512 high) {
    _mm512_storeu_si512(y + r * y_stride + n, pack_bf16(gelu(low), gelu(high)));
  });
}

template <class P>
void product_silu(const P& p, Bf16* y, int64_t y_stride) {
  multiply(p, [=](int64_t r, int64_t n, __m512 low, __m512 high) {
    _mm512_storeu_si512(y + r * y_stride + n, pack_bf16(silu(low), silu(high)));
  });
}

template <class P>
void product_fp32(const P& p, float* y, int64_t y_stride) {
  multiply(p, [=](int64_t r, int64_t n, __m512 low, __m512 high) {
    float* to = y + r * y_stride + n;
    _mm512_storeu_ps(to, low);
    _mm512_storeu_ps(to + 16, high);
  });
}

template <class P>
void product_add(const P& p, float* y, int64_t y_stride) {
  multiply(p, [=](int64_t r, int64_t n, __m512 low, __m512 high) {
    float* to = y + r * y_stride + n;
    _mm512_storeu_ps(to, _mm512_add_ps(_mm512_loadu_ps(to), low));
    _mm512_storeu_ps(to + 16, _mm512_add_ps(_mm512_loadu_ps(to + 16), high));
  });
}

}  // namespace
}  // namespace chatterbox::nn::cpu
