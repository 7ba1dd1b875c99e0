#include "s3gen/snake_kernel.h"

namespace chatterbox::s3gen {
namespace {

// sin²(a) has the period π: a is brought to r in [-π/2, π/2] and the sign of sin(r) does not
// matter.
inline float sine_squared(float a) {
  constexpr float kInversePi = 0.318309886F;
  // Adding and taking away 1.5 * 2^23 rounds to the nearest integer.
  constexpr float kRounder = 12582912.0F;
  const float turns = (a * kInversePi + kRounder) - kRounder;
  // π in three parts whose products with `turns` are exact (Cody and Waite).
  float r = a - turns * 3.140625F;
  r -= turns * 9.67502593994140625e-4F;
  r -= turns * 1.509957990978376432e-7F;
  // Minimax polynomial of sin on [-π/2, π/2], relative error 2.4e-11 before rounding.
  const float z = r * r;
  float p = -2.3888907e-8F;
  p = p * z + 2.7525384e-6F;
  p = p * z - 1.9840868e-4F;
  p = p * z + 8.333331e-3F;
  p = p * z - 0.16666667F;
  const float sine = r + r * z * p;
  return sine * sine;
}

}  // namespace

// The variant is chosen while the program is being linked, before ThreadSanitizer's library is
// there.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__SANITIZE_THREAD__)
__attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#endif
void snake_kernel(const float* __restrict x, const float* __restrict alpha,
                  const float* __restrict inverse, float* __restrict y, int64_t frames,
                  int64_t channels) {
  for (int64_t t = 0; t < frames; ++t) {
    const float* in = x + t * channels;
    float* out = y + t * channels;
    for (int64_t c = 0; c < channels; ++c) {
      out[c] = in[c] + inverse[c] * sine_squared(in[c] * alpha[c]);
    }
  }
}

}  // namespace chatterbox::s3gen
