#include "nn/rope.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/where.h>

#include "nn/cpu/kernels.h"

namespace chatterbox::nn {

// Constants: the reference's models/t3/llama_configs.py. Single precision throughout, as there.
at::Tensor llama3_inverse_frequencies() {
  constexpr double kTheta = 500000.0;
  constexpr double kFactor = 8.0;
  constexpr double kLow = 1.0;
  constexpr double kHigh = 4.0;
  constexpr double kOriginalPositions = 8192.0;
  constexpr double kTwoPi = 6.283185307179586;
  const at::Tensor exponent =
      at::arange(0, cpu::kHeadSize, 2, at::kFloat) / static_cast<double>(cpu::kHeadSize);
  const at::Tensor plain = at::pow(kTheta, exponent).reciprocal();
  const at::Tensor wavelength = kTwoPi / plain;
  const at::Tensor smooth = (kOriginalPositions / wavelength - kLow) / (kHigh - kLow);
  const at::Tensor between = (1.0 - smooth) * plain / kFactor + smooth * plain;
  const at::Tensor stretched =
      at::where(wavelength > kOriginalPositions / kLow, plain / kFactor, between);
  return at::where(wavelength < kOriginalPositions / kHigh, plain, stretched);
}

RopeTable llama3_rope(int64_t positions, c10::Device device) {
  const at::Tensor angles =
      at::arange(positions, at::kFloat).unsqueeze(1) * llama3_inverse_frequencies();
  return {angles.cos().to(device), angles.sin().to(device)};
}

at::Tensor apply_rope(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin) {
  const std::vector<at::Tensor> halves = x.chunk(2, -1);
  const at::Tensor c = cos.to(x.scalar_type());
  const at::Tensor s = sin.to(x.scalar_type());
  return at::cat({halves[0] * c - halves[1] * s, halves[1] * c + halves[0] * s}, -1);
}

}  // namespace chatterbox::nn
