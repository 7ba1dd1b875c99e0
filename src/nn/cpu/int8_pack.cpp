#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "nn/cpu/int8.h"

namespace chatterbox::nn::cpu {
namespace {

constexpr float kLargest = 127.0F;
constexpr float kLeast = 1e-36F;  // below, 127 / x is no number any more
constexpr int32_t kZero = 128;

// To the nearest, of two the even one: what is added moves the fraction out of a float's 24 bits.
uint8_t stored(float value) {
  constexpr float kBeyond = 12582912.0F;  // 1.5 * 2^23
  constexpr int32_t kBeyondBits = 0x4b400000;
  const float moved = value + kBeyond;
  int32_t bits = 0;
  std::memcpy(&bits, &moved, sizeof bits);
  return static_cast<uint8_t>(bits - kBeyondBits + kZero);
}

float largest_of(const float* weights, int64_t size) {
  float largest = 0;
  float nan = 0;  // or 0: what is not finite is no number times 0
  for (int64_t i = 0; i < size; ++i) {
    largest = std::max(largest, std::fabs(weights[i]));
    nan += weights[i] * 0.0F;
  }
  return largest + nan;
}

}  // namespace

float pack_int8_row(const float* weights, int64_t size, uint8_t* to) {
  constexpr int64_t kBlock = 256;
  const float largest = largest_of(weights, size);
  const bool zero = !(largest >= kLeast);
  const float inverse = zero ? 0 : kLargest / largest;
  for (int64_t begin = 0; begin < size; begin += kBlock) {
    std::array<uint8_t, kBlock> block{};
    block.fill(kZero);
    const int64_t count = zero ? 0 : std::min(kBlock, size - begin);
    for (int64_t i = 0; i < count; ++i) {
      block[static_cast<size_t>(i)] = stored(weights[begin + i] * inverse);
    }
    const int64_t padded = std::min(kBlock, int8_padded(size) - begin);
    for (int64_t i = 0; i < padded; i += kGroupInputs) {
      std::memcpy(to, block.data() + i, kGroupInputs);
      to += kPanelOutputs * kGroupInputs;
    }
  }
  if (std::isnan(largest)) return largest;
  return zero ? 0 : largest / kLargest;
}

}  // namespace chatterbox::nn::cpu
