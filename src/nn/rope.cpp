#include "nn/rope.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

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

RopeMatrices rope_matrices(const RopeTable& table, c10::ScalarType type) {
  constexpr int64_t kHalf = cpu::kHeadSize / 2;
  const at::Tensor places = at::zeros({2 * kHalf + 1, 3, cpu::kHeadSize, cpu::kHeadSize});
  for (int64_t part = 0; part < 2; ++part) {  // the queries and the keys
    for (int64_t i = 0; i < kHalf; ++i) {
      places[i][part][i][i].fill_(1);  // cos
      places[i][part][i + kHalf][i + kHalf].fill_(1);
      places[i + kHalf][part][i + kHalf][i].fill_(-1);  // sin
      places[i + kHalf][part][i][i + kHalf].fill_(1);
    }
  }
  places[2 * kHalf][2].copy_(at::eye(cpu::kHeadSize));
  const at::Tensor one = at::ones_like(table.cos.narrow(1, 0, 1));
  return {at::cat({table.cos, table.sin, one}, 1).to(type),
          places.flatten(1).to(table.cos.device(), type)};
}

// Each entry is one product with 1 or -1, and so exact.
at::Tensor rope_matrices_of(const RopeMatrices& matrices, const at::Tensor& positions) {
  return at::matmul(matrices.angles.index_select(0, positions), matrices.places)
      .view({-1, cpu::kHeadSize, cpu::kHeadSize});
}

at::Tensor apply_rope(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin) {
  const std::vector<at::Tensor> halves = x.chunk(2, -1);
  const at::Tensor c = cos.to(x.scalar_type());
  const at::Tensor s = sin.to(x.scalar_type());
  return at::cat({halves[0] * c - halves[1] * s, halves[1] * c + halves[0] * s}, -1);
}

}  // namespace chatterbox::nn
