// Eight lanes in plain C++, for machines without AVX2. See kernels_impl.h.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

namespace chatterbox::nn::cpu {
namespace {

struct Vec {
  static constexpr int kWidth = 8;
  static constexpr int kTileRows = 2;
  static constexpr int kPanelRows = 4;
  float v[kWidth];

  static Vec all(float x) {
    Vec y;
    for (float& lane : y.v) lane = x;
    return y;
  }
  static Vec load(const float* p, int64_t n = kWidth) {
    Vec y = all(0.0f);
    for (int64_t i = 0; i < n; ++i) y.v[i] = p[i];
    return y;
  }
  static Vec load(const uint16_t* p, int64_t n = kWidth) {
    Vec y = all(0.0f);
    for (int64_t i = 0; i < n; ++i) {
      const uint32_t bits = static_cast<uint32_t>(p[i]) << 16;
      std::memcpy(&y.v[i], &bits, sizeof bits);
    }
    return y;
  }
  static Vec of(const int32_t* p) {
    Vec y;
    for (int i = 0; i < kWidth; ++i) y.v[i] = static_cast<float>(p[i]);
    return y;
  }
  void store(float* p, int64_t n = kWidth) const {
    for (int64_t i = 0; i < n; ++i) p[i] = v[i];
  }
  [[nodiscard]] float sum() const {
    return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]));
  }
};

template <class Op>
inline Vec lanes(Op op) {
  Vec y;
  for (int i = 0; i < Vec::kWidth; ++i) y.v[i] = op(i);
  return y;
}
inline Vec operator+(Vec a, Vec b) {
  return lanes([&](int i) { return a.v[i] + b.v[i]; });
}
inline Vec operator-(Vec a, Vec b) {
  return lanes([&](int i) { return a.v[i] - b.v[i]; });
}
inline Vec operator*(Vec a, Vec b) {
  return lanes([&](int i) { return a.v[i] * b.v[i]; });
}
inline Vec operator/(Vec a, Vec b) {
  return lanes([&](int i) { return a.v[i] / b.v[i]; });
}
inline Vec fma(Vec a, Vec b, Vec c) { return a * b + c; }
// As the x86 instructions: the second operand where either is NaN.
inline Vec max(Vec a, Vec b) {
  return lanes([&](int i) { return a.v[i] > b.v[i] ? a.v[i] : b.v[i]; });
}
inline Vec min(Vec a, Vec b) {
  return lanes([&](int i) { return a.v[i] < b.v[i] ? a.v[i] : b.v[i]; });
}
inline Vec round(Vec a) {
  return lanes([&](int i) { return std::nearbyintf(a.v[i]); });
}
inline Vec scale_by_power_of_two(Vec a, Vec n) {
  return lanes(
      [&](int i) { return std::ldexp(a.v[i], std::isnan(n.v[i]) ? 0 : static_cast<int>(n.v[i])); });
}

}  // namespace
}  // namespace chatterbox::nn::cpu
