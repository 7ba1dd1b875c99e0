// The int8 products over frames against the same in double precision, and against the kernels that
// T3 has for the same weights.
#include "nn/cpu/frame_int8.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "nn/int8_matrix.h"
#include "support/tensors.h"

namespace chatterbox::nn::cpu {
namespace {

using testing::max_abs;
using testing::noise;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

template <class T>
T* data(const at::Tensor& x) {
  return static_cast<T*>(x.mutable_data_ptr());
}

class FrameInt8 : public ::testing::Test {
 protected:
  void SetUp() override {
    if (frame_int8_kernels() == nullptr) GTEST_SKIP() << "this machine does not run them";
  }
};

// Rows of bf16 as the kernels round them, further apart than they are long; behind the last comes
// anything.
struct Rounded {
  explicit Rounded(const at::Tensor& x)
      : stride(int8_padded(x.size(1)) + kInt8Step),
        values(at::full({(x.size(0) + kRowsBeyond) * stride}, 0x55, at::kChar)),
        scale(at::empty({x.size(0)})),
        sum(at::empty({x.size(0)}, at::kInt)) {
    frame_int8_kernels()->quantise({data<Bf16>(x), x.stride(0), x.size(0), x.size(1),
                                    data<int8_t>(values), stride, data<float>(scale),
                                    data<int32_t>(sum)});
  }
  [[nodiscard]] Int8Product product(const Int8Matrix& matrix, const at::Tensor& bias) const {
    return {data<int8_t>(values),
            stride,
            scale.size(0),
            data<float>(scale),
            data<int32_t>(sum),
            matrix.view(),
            bias.defined() ? data<float>(bias) : nullptr};
  }
  int64_t stride;
  at::Tensor values, scale, sum;
};

at::Tensor bf16_noise(at::IntArrayRef shape, uint64_t seed) {
  return noise(shape, seed).to(at::kBFloat16);
}

at::Tensor add_to(const at::Tensor& y, const at::Tensor& x, const Int8Matrix& matrix,
                  const at::Tensor& bias = {}) {
  frame_int8_kernels()->product_add(Rounded(x).product(matrix, bias), data<float>(y), y.stride(0));
  return y;
}

at::Tensor run(const at::Tensor& x, const Int8Matrix& matrix, const at::Tensor& bias = {}) {
  return add_to(at::zeros({x.size(0), matrix.outputs}), x, matrix, bias);
}

// The integers and the scales of rows, in plain operators.
std::pair<at::Tensor, at::Tensor> plain_rounding(const at::Tensor& x) {
  const at::Tensor largest = x.abs().amax(1, true);
  return {(x * (127 / largest)).round().to(at::kDouble), (largest / 127).to(at::kDouble)};
}

at::Tensor plain(const at::Tensor& x, const at::Tensor& weight) {
  const auto [x_values, x_scale] = plain_rounding(x.to(at::kFloat));
  const auto [w_values, w_scale] = plain_rounding(weight);
  return x_values.matmul(w_values.t()) * x_scale * w_scale.t();
}

TEST_F(FrameInt8, Products) {
  for (const auto& [rows, depth, outputs] : {std::array<int64_t, 3>{1, 32, 32},
                                             {5, 96, 64},
                                             {12, 64, 96},
                                             {13, 256, 32},
                                             {33, 1024, 160},
                                             {96, 512, 256}}) {
    SCOPED_TRACE(std::to_string(rows) + " rows, " + std::to_string(depth) + " to " +
                 std::to_string(outputs));
    const at::Tensor x = bf16_noise({rows, depth}, 1);
    const at::Tensor weight = noise({outputs, depth}, 2);
    const at::Tensor bias = noise({outputs}, 3);
    const Int8Matrix matrix = to_int8(weight);
    const at::Tensor expected = plain(x, weight) + bias;
    const double tolerance = 1e-6 * (1 + expected.abs().max().item<double>());

    const at::Tensor wide = at::full({rows + 1, outputs + 3}, -7.0F);
    add_to(wide, x, matrix, bias);
    const at::Tensor sums = wide.narrow(0, 0, rows).narrow(1, 0, outputs);
    EXPECT_LE(max_abs(sums + 7, expected), tolerance);
    EXPECT_TRUE(wide.narrow(1, outputs, 3).eq(-7).all().item<bool>());
    EXPECT_TRUE(wide[rows].eq(-7).all().item<bool>());
    EXPECT_LE(max_abs(run(x, matrix), plain(x, weight)), tolerance);

    const Rounded rounded(x);
    const at::Tensor narrow = at::empty({rows, outputs}, at::kBFloat16);
    frame_int8_kernels()->product(rounded.product(matrix, bias), data<Bf16>(narrow), outputs);
    EXPECT_TRUE(at::equal(narrow, run(x, matrix, bias).to(at::kBFloat16)));
  }
}

TEST_F(FrameInt8, GeluOfAProduct) {
  constexpr int64_t kRows = 30, kDepth = 64, kOutputs = 96;
  const at::Tensor x = bf16_noise({kRows, kDepth}, 1);
  const Int8Matrix matrix = to_int8(noise({kOutputs, kDepth}, 2).mul(0.3));
  const at::Tensor bias = noise({kOutputs}, 3);
  const at::Tensor y = at::empty({kRows, kOutputs}, at::kBFloat16);
  frame_int8_kernels()->product_gelu(Rounded(x).product(matrix, bias), data<Bf16>(y), kOutputs);
  const at::Tensor expected = at::gelu(run(x, matrix, bias).to(at::kDouble));
  const at::Tensor error = (y.to(at::kDouble) - expected).abs();
  // What bf16 rounds away, 2^-8 of a value, and the polynomial's own error.
  EXPECT_LE((error - expected.abs().mul(0x1p-8 + 2e-4)).max().item<double>(), 8e-5);
}

// The same integers as of the kernels for a few rows of fp32.
TEST_F(FrameInt8, HasTheProductsOfTheOtherKernels) {
  constexpr int64_t kRows = 14, kDepth = 160, kOutputs = 64;
  const at::Tensor x = bf16_noise({kRows, kDepth}, 4);
  const Int8Matrix matrix = to_int8(noise({kOutputs, kDepth}, 5));
  const at::Tensor wide = x.to(at::kFloat), y = at::zeros({kRows, kOutputs});
  const Int8Kernels& others = int8_portable();
  const int64_t stride = others.row_bytes(kDepth);
  const at::Tensor values = at::empty({kRows * stride}, at::kByte), scale = at::empty({kRows}),
                   sum = at::empty({kRows}, at::kInt);
  others.quantise({data<float>(wide), kRows, kDepth, kDepth, data<uint8_t>(values), stride,
                   data<float>(scale), data<int32_t>(sum)});
  others.linear({{data<uint8_t>(values), kRows, stride, data<float>(scale), data<int32_t>(sum)},
                 matrix.view(),
                 nullptr,
                 data<float>(y),
                 kOutputs,
                 false},
                0, int8_panels(kOutputs));
  EXPECT_TRUE(at::equal(run(x, matrix), y));
}

TEST_F(FrameInt8, ARowHasTheSameBitsWhereverItStands) {
  constexpr int64_t kRows = 50;
  const at::Tensor x = bf16_noise({kRows, 160}, 6);
  const Int8Matrix matrix = to_int8(noise({64, 160}, 7));
  const at::Tensor bias = noise({64}, 8);
  const at::Tensor all = run(x, matrix, bias);
  for (int64_t r = 0; r < kRows; ++r) {
    EXPECT_TRUE(at::equal(run(x.narrow(0, r, 1), matrix, bias)[0], all[r])) << r;
  }
}

TEST_F(FrameInt8, WhatIsNotFiniteStaysInItsRow) {
  const at::Tensor x = bf16_noise({30, 96}, 9);
  const Int8Matrix matrix = to_int8(noise({32, 96}, 10));
  const at::Tensor before = run(x, matrix);
  x[3][95] = kNan;
  x[20][0] = -std::numeric_limits<double>::infinity();
  const at::Tensor y = run(x, matrix);
  for (int64_t r = 0; r < 30; ++r) {
    const bool bad = r == 3 || r == 20;
    EXPECT_EQ(y[r].isnan().all().item<bool>(), bad) << r;
    if (!bad) {
      EXPECT_TRUE(at::equal(y[r], before[r])) << r;
    }
  }
}

TEST_F(FrameInt8, RowsOfNothingAreZero) {
  const at::Tensor x = bf16_noise({3, 64}, 11);
  x[0].zero_();
  x[1].mul_(1e-38);
  const at::Tensor y = run(x, to_int8(noise({32, 64}, 12)));
  EXPECT_TRUE(y.narrow(0, 0, 2).eq(0).all().item<bool>());
  EXPECT_TRUE(y[2].ne(0).all().item<bool>());
}

}  // namespace
}  // namespace chatterbox::nn::cpu
