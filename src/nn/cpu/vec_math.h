// Functions over `Vec`, which is defined before: see kernels_impl.h.
#pragma once

namespace chatterbox::nn::cpu {
namespace {

constexpr int kWidth = Vec::kWidth;

// exp with a relative error of about 2e-7: 2^n times a polynomial on [-ln2/2, ln2/2] (Cephes expf).
inline Vec exp(Vec x) {
  x = min(Vec::all(88.37f), max(Vec::all(-87.33f), x));  // this order of operands keeps a NaN
  const Vec n = round(x * Vec::all(1.44269504088896341f));
  Vec r = fma(n, Vec::all(-0.693359375f), x);
  r = fma(n, Vec::all(2.12194440e-4f), r);
  Vec p = Vec::all(1.9875691500e-4f);
  p = fma(p, r, Vec::all(1.3981999507e-3f));
  p = fma(p, r, Vec::all(8.3334519073e-3f));
  p = fma(p, r, Vec::all(4.1665795894e-2f));
  p = fma(p, r, Vec::all(1.6666665459e-1f));
  p = fma(p, r, Vec::all(5.0000001201e-1f));
  p = fma(p, r * r, r + Vec::all(1.0f));
  return scale_by_power_of_two(p, n);
}

// gelu by tanh (gelu_new): x / 2 (1 + tanh(u)) = x / (1 + exp(-2 u)), u = sqrt(2 / pi) (x +
// 0.044715 x^3).
inline Vec gelu(Vec x) {
  constexpr float kTwice = 2 * 0.7978845608028654f;
  const Vec minus_2u =
      Vec::all(0.0f) - x * fma(x * x, Vec::all(kTwice * 0.044715f), Vec::all(kTwice));
  return x / (Vec::all(1.0f) + exp(minus_2u));
}

inline Vec silu(Vec x) { return x / (Vec::all(1.0f) + exp(Vec::all(0.0f) - x)); }

}  // namespace
}  // namespace chatterbox::nn::cpu
