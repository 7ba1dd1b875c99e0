// Products of many rows in bfloat16. Over a `Unit`, which the including source defines in its own
// unnamed namespace, under the rules of kernels_impl.h.
#pragma once

#include "nn/cpu/frame_kernels.h"
#include "nn/cpu/frame_math.h"

namespace chatterbox::nn::cpu {
namespace {

// Calls finish(row, output, sums of 16 outputs, sums of the next 16) for all, biases added.
template <class Finish>
inline void multiply(const Product& p, const Finish& finish) {
  [[maybe_unused]] const Unit::Session session;
  const int64_t panel = p.taps * p.depth;
  for (int64_t n = 0; n < p.outputs; n += kOutputStep) {
    const Bf16* weight = p.weight + n * panel;
    const __m512 zero = _mm512_setzero_ps();
    const __m512 low_bias = p.bias == nullptr ? zero : _mm512_loadu_ps(p.bias + n);
    const __m512 high_bias = p.bias == nullptr ? zero : _mm512_loadu_ps(p.bias + n + 16);
    for (int64_t first = 0; first < p.rows; first += Unit::kRows) {
      const int64_t left = p.rows - first;
      Unit::tile(p.x + first * p.x_stride, p.x_stride, weight, panel, p.depth, p.taps, p.tap_stride,
                 [&](int r, __m512 low, __m512 high) {
                   if (r >= left) return;
                   finish(first + r, n, _mm512_add_ps(low, low_bias),
                          _mm512_add_ps(high, high_bias));
                 });
    }
  }
}

}  // namespace
}  // namespace chatterbox::nn::cpu

#include "nn/cpu/frame_store_impl.h"
