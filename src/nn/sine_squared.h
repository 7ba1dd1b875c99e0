// sin² of Snake, on a CPU and on a CUDA device. Torch-free.
#pragma once

#include "nn/cuda/kernel.h"

namespace chatterbox::nn {

// sin²(a) has the period π: a is brought to r in [-π/2, π/2] and the sign of sin(r) does not
// matter. Within 3e-7 for |a| up to 1000.
CHATTERBOX_DEVICE float sine_squared(float a) {
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

}  // namespace chatterbox::nn
