#include <algorithm>
#include <cmath>

#include "nn/cpu/int8.h"

namespace chatterbox::nn::cpu {

float pack_int8_row(const float* weights, int64_t size, uint8_t* to) {
  constexpr float kLargest = 127.0F;
  constexpr float kLeast = 1e-36F;  // below, 127 / x is no number any more
  constexpr int kZero = 128;
  float largest = 0;
  bool finite = true;
  for (int64_t i = 0; i < size; ++i) {
    finite = finite && std::isfinite(weights[i]);
    largest = std::max(largest, std::fabs(weights[i]));
  }
  const bool zero = !finite || largest < kLeast;
  const float inverse = zero ? 0 : kLargest / largest;
  for (int64_t i = 0; i < int8_padded(size); ++i) {
    const float value = i < size && !zero ? std::nearbyint(weights[i] * inverse) : 0;
    to[i / kGroupInputs * kPanelOutputs * kGroupInputs + i % kGroupInputs] =
        static_cast<uint8_t>(static_cast<int>(value) + kZero);
  }
  if (!finite) return std::nanf("");
  return zero ? 0 : largest / kLargest;
}

}  // namespace chatterbox::nn::cpu
