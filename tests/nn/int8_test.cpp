// Every variant of the int8 kernels that this machine runs, and AMX in software, against integers
// multiplied in double precision.
#include "nn/cpu/int8.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "nn/int8_matrix.h"
#include "software_amx.h"
#include "support/error.h"
#include "support/tensors.h"

namespace chatterbox::nn::cpu {
namespace {

using testing::max_abs;
using testing::noise;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

const float* data(const at::Tensor& x) { return x.const_data_ptr<float>(); }

// Rows as a variant rounds them, further apart than they are long.
struct Quantised {
  Quantised(const Int8Kernels& kernels, const at::Tensor& x)
      : stride(kernels.row_bytes(x.size(1)) + 64),
        values(at::full({x.size(0) * stride}, 0x55, at::kByte)),
        scale(at::empty({x.size(0)})),
        sum(at::empty({x.size(0)}, at::kInt)) {
    kernels.quantise({data(x), x.size(0), x.size(1), x.stride(0), values.mutable_data_ptr(), stride,
                      scale.mutable_data_ptr<float>(), sum.mutable_data_ptr<int32_t>()});
    rows = {values.const_data_ptr(), x.size(0), stride, data(scale), sum.const_data_ptr<int32_t>()};
  }
  int64_t stride;
  at::Tensor values, scale, sum;
  Int8Rows rows{};
};

// y [R, N], in a wider tensor whose other columns must stay.
at::Tensor run_linear(const Int8Kernels& kernels, const at::Tensor& x, const Int8Matrix& matrix,
                      const float* bias = nullptr) {
  const Quantised input(kernels, x);
  const at::Tensor y = at::full({x.size(0), matrix.outputs + 3}, -7.0F);
  kernels.linear(
      {input.rows, matrix.view(), bias, y.mutable_data_ptr<float>(), matrix.outputs + 3, false}, 0,
      int8_panels(matrix.outputs));
  EXPECT_TRUE(y.narrow(1, matrix.outputs, 3).eq(-7).all().item<bool>());
  return y.narrow(1, 0, matrix.outputs).contiguous();
}

at::Tensor run_swiglu(const Int8Kernels& kernels, const at::Tensor& x, const Int8Matrix& gate,
                      const Int8Matrix& up) {
  const Quantised input(kernels, x);
  const at::Tensor y = at::full({x.size(0), gate.outputs}, kNan);
  kernels.swiglu({input.rows, gate.view(), up.view(), y.mutable_data_ptr<float>(), gate.outputs}, 0,
                 int8_panels(gate.outputs));
  return y;
}

// The integers and the scales of rows, in plain operators.
std::pair<at::Tensor, at::Tensor> plain_rounding(const at::Tensor& x) {
  const at::Tensor largest = x.abs().amax(1, true);
  return {(x * (127 / largest)).round().to(at::kDouble), (largest / 127).to(at::kDouble)};
}

at::Tensor plain_linear(const at::Tensor& x, const at::Tensor& weight) {
  const auto [x_values, x_scale] = plain_rounding(x);
  const auto [w_values, w_scale] = plain_rounding(weight);
  return x_values.matmul(w_values.t()) * x_scale * w_scale.t();
}

struct Variant {
  const char* name;
  const Int8Kernels* kernels;  // null: not on this machine
};

Variant variant(const char* name, Int8Isa isa) {
  return {name, supported(isa) ? &int8_kernels(isa) : nullptr};
}

class Int8Test : public ::testing::TestWithParam<Variant> {
 protected:
  void SetUp() override {
    if (GetParam().kernels == nullptr) GTEST_SKIP() << "this machine does not run it";
    faults_ = software_tile_faults();
  }
  void TearDown() override { EXPECT_EQ(software_tile_faults(), faults_); }
  [[nodiscard]] static const Int8Kernels& kernels() { return *GetParam().kernels; }

  static void check_linear(int64_t rows, int64_t size, int64_t outputs) {
    SCOPED_TRACE(std::to_string(rows) + " rows, " + std::to_string(size) + " to " +
                 std::to_string(outputs));
    // What is between the rows is no number.
    const at::Tensor padded = at::full({rows, size + 5}, kNan);
    const at::Tensor x = padded.narrow(1, 0, size);
    x.copy_(noise({rows, size}, 1));
    const at::Tensor weight = noise({outputs, size}, 2);
    const at::Tensor bias = noise({outputs}, 3);
    const Int8Matrix matrix = to_int8(weight);
    const at::Tensor y = run_linear(kernels(), x, matrix, data(bias));
    const at::Tensor product = plain_linear(x, weight);
    ASSERT_LE(max_abs(y, product + bias), 1e-6 * (1 + product.abs().max().item<double>()));
    ASSERT_TRUE(at::equal(y, run_linear(int8_portable(), x, matrix, data(bias))));
  }

 private:
  int faults_ = 0;
};

TEST_P(Int8Test, LinearOfOddSizes) {
  for (const int64_t size : {1, 3, 63, 64, 65, 100, 257, 1000}) {
    for (const int64_t outputs : {1, 5, 16, 63, 64, 65, 130}) {
      for (const int64_t rows : {1, 2, 7, 17, 33}) check_linear(rows, size, outputs);
    }
  }
}

TEST_P(Int8Test, LinearOfAnyNumberOfRows) {
  for (int64_t rows = 1; rows <= 34; ++rows) check_linear(rows, 150, 70);
  check_linear(100, 150, 70);
  check_linear(32, 4096, 64);
}

// Weights and inputs at both ends of the range: the sums are as large as they get.
TEST_P(Int8Test, LargestSumsAreExact) {
  for (const int64_t size : {64, 4096, 4097}) {
    const at::Tensor signs = noise({3, size}, 1).sign();
    const at::Tensor y = run_linear(kernels(), signs.narrow(0, 0, 2), to_int8(signs));
    const at::Tensor exact =
        signs.narrow(0, 0, 2).to(at::kDouble).matmul(signs.t().to(at::kDouble));
    EXPECT_LE(max_abs(y, exact), 1e-3);
    EXPECT_NEAR(y[0][0].item<double>(), static_cast<double>(size), 1e-3);
  }
}

TEST_P(Int8Test, RoundsToTheNearestWithinTheRowsRange) {
  const at::Tensor x = at::tensor({127.0F, -127.0F, 0.4F, 0.6F, -1.5F, 2.5F, 0.0F}).view({1, 7});
  const at::Tensor y = run_linear(kernels(), x, to_int8(at::eye(7)));
  EXPECT_TRUE(at::allclose(y, at::tensor({127.0F, -127.0F, 0.0F, 1.0F, -2.0F, 2.0F, 0.0F}), 1e-6));
}

TEST_P(Int8Test, BitsOfARowDependOnNothingElse) {
  const at::Tensor x = noise({70, 200}, 1);
  const Int8Matrix matrix = to_int8(noise({100, 200}, 2));
  const at::Tensor all = run_linear(kernels(), x, matrix);
  for (const int64_t rows : {1, 2, 3, 6, 13, 16, 17, 32, 33}) {
    for (int64_t first = 0; first + rows <= 70; first += 7) {
      const at::Tensor part = run_linear(kernels(), x.narrow(0, first, rows), matrix);
      ASSERT_TRUE(at::equal(part, all.narrow(0, first, rows))) << first << ", " << rows;
    }
  }
}

TEST_P(Int8Test, WhatIsNotFiniteStaysInItsRow) {
  const at::Tensor x = noise({40, 70}, 1);
  const Int8Matrix matrix = to_int8(noise({66, 70}, 2));
  const at::Tensor before = run_linear(kernels(), x, matrix);
  x[3][69] = kNan;
  x[20][0] = kInfinity;
  x[35][5] = -kInfinity;
  const at::Tensor y = run_linear(kernels(), x, matrix);
  for (int64_t r = 0; r < 40; ++r) {
    const bool bad = r == 3 || r == 20 || r == 35;
    EXPECT_EQ(y[r].isnan().all().item<bool>(), bad) << r;
    if (!bad) {
      EXPECT_TRUE(at::equal(y[r], before[r])) << r;
    }
  }
}

TEST_P(Int8Test, ExtremeRows) {
  const at::Tensor x = noise({6, 70}, 1);
  x[0].zero_();
  x[1].mul_(1e-44);  // denormal: 0
  x[2].mul_(1e30);
  x[3].mul_(1e-30);
  x[4].zero_();
  x[4][7] = 1e38F;
  const at::Tensor weight = noise({64, 70}, 2);
  weight[5].zero_();
  const at::Tensor y = run_linear(kernels(), x, to_int8(weight));
  EXPECT_TRUE(y.isfinite().all().item<bool>());
  EXPECT_TRUE(y.narrow(0, 0, 2).eq(0).all().item<bool>());
  EXPECT_TRUE(y.select(1, 5).eq(0).all().item<bool>());
  const at::Tensor expected = x.to(at::kDouble).matmul(weight.to(at::kDouble).t());
  for (const int64_t r : {2, 3, 5}) {
    const double size = expected[r].abs().max().item<double>();
    EXPECT_LE(max_abs(y[r], expected[r]), 0.03 * size) << r;
  }
}

TEST_P(Int8Test, AddsToWhatIsThereAndKeepsToItsPanels) {
  const at::Tensor x = noise({3, 40}, 1);
  const Int8Matrix matrix = to_int8(noise({200, 40}, 2));
  const Quantised input(kernels(), x);
  const at::Tensor y = at::ones({3, 200});
  kernels().linear({input.rows, matrix.view(), nullptr, y.mutable_data_ptr<float>(), 200, true}, 1,
                   3);
  const at::Tensor product = run_linear(kernels(), x, matrix);
  EXPECT_TRUE(at::equal(y.narrow(1, 64, 128), product.narrow(1, 64, 128) + 1));
  EXPECT_TRUE(y.narrow(1, 0, 64).eq(1).all().item<bool>());
  EXPECT_TRUE(y.narrow(1, 192, 8).eq(1).all().item<bool>());
}

TEST_P(Int8Test, Gelu) {
  for (const int64_t outputs : {5, 64, 70}) {
    const at::Tensor x = noise({7, 50}, 1);
    const Int8Matrix matrix = to_int8(noise({outputs, 50}, 2, 0.3));
    const at::Tensor bias = noise({outputs}, 3);
    const Quantised input(kernels(), x);
    const at::Tensor y = at::full({7, outputs}, kNan);
    kernels().linear_gelu(
        {input.rows, matrix.view(), data(bias), y.mutable_data_ptr<float>(), outputs, false}, 0,
        int8_panels(outputs));
    const at::Tensor sums = run_linear(kernels(), x, matrix, data(bias)).to(at::kDouble);
    const at::Tensor expected =
        sums * 0.5 * (1 + (std::sqrt(2 / M_PI) * (sums + 0.044715 * sums.pow(3))).tanh());
    EXPECT_LE(max_abs(y, expected), 5e-6);
  }
}

TEST_P(Int8Test, Swiglu) {
  for (const auto& [rows, size, inner] :
       {std::tuple{1, 1, 1}, {3, 17, 5}, {7, 64, 64}, {13, 100, 130}, {33, 70, 66}}) {
    const at::Tensor x = noise({rows, size}, 1).div_(std::sqrt(static_cast<double>(size)));
    const Int8Matrix gate = to_int8(noise({inner, size}, 2));
    const Int8Matrix up = to_int8(noise({inner, size}, 3));
    const at::Tensor y = run_swiglu(kernels(), x, gate, up);
    const at::Tensor g = run_linear(kernels(), x, gate).to(at::kDouble);
    const at::Tensor expected = g / (1 + (-g).exp()) * run_linear(kernels(), x, up).to(at::kDouble);
    EXPECT_LE(max_abs(y, expected), 2e-5);
    for (int64_t r = 0; r < rows; ++r) {
      ASSERT_TRUE(at::equal(run_swiglu(kernels(), x.narrow(0, r, 1), gate, up)[0], y[r])) << r;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Variants, Int8Test,
                         ::testing::Values(variant("Portable", Int8Isa::kPortable),
                                           variant("Avx2", Int8Isa::kAvx2),
                                           variant("AvxVnni", Int8Isa::kAvxVnni),
                                           variant("Avx512Vnni", Int8Isa::kAvx512Vnni),
                                           variant("Amx", Int8Isa::kAmx),
                                           Variant{"SoftwareAmx", &software_amx_kernels()}),
                         [](const auto& variant) -> std::string { return variant.param.name; });

TEST(Int8, TheBestThatTheMachineRunsIsChosen) {
  EXPECT_TRUE(supported(Int8Isa::kPortable));
  EXPECT_EQ(&int8_kernels(), &int8_kernels(int8_isa()));
  for (const Int8Isa isa :
       {Int8Isa::kAvx2, Int8Isa::kAvxVnni, Int8Isa::kAvx512Vnni, Int8Isa::kAmx}) {
    if (supported(isa)) {
      EXPECT_GE(int8_isa(), isa) << name(isa);
    }
  }
}

TEST(Int8Matrix, AWeightThatIsNotFiniteSpoilsItsOutputAlone) {
  const at::Tensor weight = noise({70, 30}, 1);
  weight[66][3] = kNan;
  const at::Tensor y = run_linear(int8_kernels(), noise({2, 30}, 2), to_int8(weight));
  EXPECT_EQ(y.isnan().sum().item<int64_t>(), 2);
  EXPECT_TRUE(y.select(1, 66).isnan().all().item<bool>());
}

// Outputs that were cut out have the results that they had.
TEST(Int8Matrix, CanBeCutBetweenPanels) {
  const at::Tensor x = noise({3, 50}, 1);
  const Int8Matrix whole = to_int8(noise({200, 50}, 2));
  const at::Tensor y = run_linear(int8_portable(), x, whole);
  for (const auto& [first, count] : {std::pair<int64_t, int64_t>(0, 64), {64, 100}, {192, 8}}) {
    const at::Tensor part = run_linear(int8_portable(), x, whole.narrow(first, count));
    EXPECT_TRUE(at::equal(part, y.narrow(1, first, count))) << first;
  }
  EXPECT_THROW((void)whole.narrow(32, 64), Error);
}

TEST(Int8Matrix, IsNearTheMatrix) {
  const at::Tensor weight = noise({128, 1024}, 1);
  const at::Tensor x = noise({8, 1024}, 2);
  const at::Tensor exact = x.matmul(weight.t());
  const at::Tensor y = run_linear(int8_kernels(), x, to_int8(weight));
  // 1.1e-2 with weights and activations of the normal distribution.
  EXPECT_LE(((y - exact).norm() / exact.norm()).item<double>(), 1.5e-2);
}

}  // namespace
}  // namespace chatterbox::nn::cpu
