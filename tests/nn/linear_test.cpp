#include "nn/linear.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <cmath>

#include "nn/cpu/kernels.h"
#include "nn/linear_parts.h"
#include "support/tensors.h"

namespace chatterbox::nn {
namespace {

using testing::max_abs;
using testing::noise;

const Placement kInt8{c10::kCPU, c10::kBFloat16, true};

Linear random_linear(int64_t out, int64_t in, uint64_t seed, at::ScalarType type = at::kFloat) {
  return make_linear(noise({out, in}, seed).to(type), noise({out}, seed + 1).to(type), {});
}

const at::Tensor& weight_of(const Linear& layer) { return parts_of(layer).weight; }

Linear without_bias(const Linear& layer) { return make_linear(weight_of(layer), {}, {}); }

at::Tensor plain(const at::Tensor& x, const Linear& layer) {
  const at::Tensor product = x.to(at::kDouble).matmul(weight_of(layer).to(at::kDouble).t());
  return layer.bias().defined() ? product + layer.bias().to(at::kDouble) : product;
}

// On both sides of the limit of the kernels.
TEST(Linear, EqualsTheMatrixProductOfAnyNumberOfRows) {
  const Linear layer = random_linear(21, 50, 1);
  for (const int64_t rows : {1, 2, 31, 32, 33, 70}) {
    const at::Tensor x = noise({rows, 50}, 3);
    EXPECT_LE(max_abs(linear(x, layer), plain(x, layer)), 2e-5) << rows;
  }
}

TEST(Linear, KeepsLeadingDimensionsAndTakesStridedInput) {
  const Linear layer = random_linear(6, 8, 1);
  const at::Tensor x = noise({8, 3, 2}, 2).transpose(0, 2);  // [2, 3, 8]
  const at::Tensor y = linear(x, layer);
  ASSERT_EQ(y.sizes(), (c10::IntArrayRef{2, 3, 6}));
  EXPECT_LE(max_abs(y, plain(x, layer)), 1e-5);
}

TEST(Linear, SeveralLayersOfOneInput) {
  const Linear a = random_linear(40, 30, 1);
  const Linear b = random_linear(3, 30, 4);
  const Linear c = without_bias(random_linear(17, 30, 7));
  for (const int64_t rows : {2, 40}) {
    const at::Tensor x = noise({rows, 30}, 9);
    const std::vector<at::Tensor> y = linear(x, {&a, &b, &c});
    ASSERT_EQ(y.size(), 3U);
    EXPECT_LE(max_abs(y[0], plain(x, a)), 1e-5);
    EXPECT_LE(max_abs(y[1], plain(x, b)), 1e-5);
    EXPECT_LE(max_abs(y[2], plain(x, c)), 1e-5);
  }
}

TEST(Linear, Bfloat16WeightsAndBias) {
  const Linear layer = random_linear(21, 50, 1, at::kBFloat16);
  const at::Tensor few = noise({4, 50}, 3);
  const at::Tensor y = linear(few, layer);
  EXPECT_EQ(y.scalar_type(), at::kFloat);
  // The kernels keep activations as they are, or round them where they multiply bfloat16.
  const bool rounds = cpu::kernels().rounded_rows;
  EXPECT_LE(max_abs(y, plain(rounds ? few.to(at::kBFloat16) : few, layer)), 2e-5);
  const at::Tensor many = noise({40, 50}, 4);
  EXPECT_EQ(linear(many, layer).scalar_type(), at::kFloat);
  EXPECT_LE(max_abs(linear(many, layer), plain(many, layer)), 0.2);  // at::linear rounds them
}

// What is packed goes the same ways, whatever the number of rows.
TEST(Linear, PackedLayers) {
  const Linear exact = random_linear(70, 50, 1);
  const Linear packed = make_linear(weight_of(exact), exact.bias(), kInt8);
  ASSERT_TRUE(parts_of(packed).packed);
  EXPECT_FALSE(weight_of(packed).defined());
  EXPECT_EQ(packed.outputs(), 70);
  EXPECT_EQ(packed.inputs(), 50);
  const Linear gate = make_linear(weight_of(exact), {}, kInt8);
  for (const int64_t rows : {1, 5, 50, 300}) {
    const at::Tensor x = noise({rows, 50}, 3);
    const at::Tensor y = linear(x, packed);
    EXPECT_LE(((y - plain(x, exact)).norm() / y.norm()).item<double>(), 0.02) << rows;
    EXPECT_TRUE(at::equal(linear(x.view({1, rows, 50}), {&packed, &gate})[0][0], y));
    at::Tensor residual = noise({rows, 70}, 4);
    const at::Tensor sum = residual + y;
    add_linear(residual, x, packed);
    EXPECT_TRUE(at::equal(residual, sum));
    at::Tensor strided = noise({70, rows}, 5).t();
    const at::Tensor strided_sum = strided + y;
    add_linear(strided, x, packed);
    EXPECT_TRUE(at::equal(strided, strided_sum));
    EXPECT_LE(max_abs(linear_gelu(x, packed), at::gelu(y, "tanh")), 1e-5);
    const at::Tensor g = linear(x, gate);
    EXPECT_LE(max_abs(swiglu(x, gate, gate), at::silu(g) * g), 1e-3);
  }
}

// Layers made of others: the same numbers as parts of what those make.
TEST(Linear, CanBeCutAndJoined) {
  const Linear a = random_linear(192, 50, 1);
  const Linear b = random_linear(7, 50, 3);
  const at::Tensor x = noise({3, 50}, 5);
  const at::Tensor y = plain(x, a);
  EXPECT_LE(max_abs(linear(x, narrow_outputs(a, 64, 70)), y.narrow(1, 64, 70)), 2e-5);
  const Linear packed = make_linear(weight_of(a), a.bias(), kInt8);
  EXPECT_TRUE(
      at::equal(linear(x, narrow_outputs(packed, 64, 70)), linear(x, packed).narrow(1, 64, 70)));
  const Linear first = narrow_inputs(a, 0, 20, Bias::kYes);
  const Linear rest = narrow_inputs(a, 20, 30, Bias::kNo);
  EXPECT_EQ(first.inputs(), 20);
  EXPECT_FALSE(rest.bias().defined());
  EXPECT_LE(max_abs(plain(x.narrow(1, 0, 20), first) + plain(x.narrow(1, 20, 30), rest), y), 1e-9);
  EXPECT_LE(max_abs(plain(x, join_outputs({&b, &a})), at::cat({plain(x, b), y}, 1)), 1e-12);
  EXPECT_FALSE(Linear().defined());
  EXPECT_TRUE(b.defined());
}

TEST(AddLinear, AddsToTheResidual) {
  const Linear layer = random_linear(12, 20, 1);
  for (const int64_t rows : {3, 33}) {
    const at::Tensor x = noise({rows, 20}, 3);
    at::Tensor residual = noise({rows, 12}, 4);
    const at::Tensor expected = residual + plain(x, layer);
    add_linear(residual, x, layer);
    EXPECT_LE(max_abs(residual, expected), 1e-5);
  }
  const at::Tensor x = noise({3, 20}, 3);
  at::Tensor strided = noise({12, 3}, 4).t();
  const at::Tensor expected = strided + plain(x, layer);
  add_linear(strided, x, layer);
  EXPECT_LE(max_abs(strided, expected), 1e-5);
}

TEST(Swiglu, EqualsTheFormula) {
  const Linear gate = without_bias(random_linear(33, 20, 1));
  const Linear up = without_bias(random_linear(33, 20, 3));
  for (const int64_t rows : {5, 50}) {
    const at::Tensor x = noise({rows, 20}, 5).div_(4);
    const at::Tensor g = plain(x, gate);
    const at::Tensor expected = g * g.sigmoid() * plain(x, up);
    EXPECT_LE(max_abs(swiglu(x, gate, up), expected), 2e-5);
  }
}

// On both sides of the limit of the kernels, in both types of weights.
TEST(LinearGelu, EqualsTheFormula) {
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
    const Linear layer = random_linear(33, 20, 1, type);
    for (const int64_t rows : {5, 50}) {
      const at::Tensor x = noise({rows, 20}, 5).div_(4);
      const at::Tensor h = plain(x, layer);
      const at::Tensor expected =
          h * 0.5 * (1 + (std::sqrt(2 / M_PI) * (h + 0.044715 * h.pow(3))).tanh());
      // at::linear rounds the activations to the weights' type, and kernels may.
      const bool rounds =
          type == at::kBFloat16 && (rows > kMaxKernelRows || cpu::kernels().rounded_rows);
      EXPECT_LE(max_abs(linear_gelu(x, layer), expected), rounds ? 0.05 : 1e-5) << rows;
    }
  }
}

TEST(RmsNorm, EqualsTheFormulaInAnyType) {
  const at::Tensor weight = noise({40}, 1);
  const at::Tensor x = noise({50, 40}, 2);
  const auto expected = [&](const at::Tensor& input) {
    const at::Tensor wide = input.to(at::kDouble);
    return wide / (wide.square().mean(-1, true) + 1e-5).sqrt() * weight;
  };
  EXPECT_LE(max_abs(rms_norm(x, weight, 1e-5F), expected(x)), 3e-6);
  EXPECT_LE(max_abs(rms_norm(x.t().contiguous().t(), weight, 1e-5F), expected(x)), 3e-6);
  const at::Tensor half = x.to(at::kBFloat16);
  const at::Tensor y = rms_norm(half, weight.to(at::kBFloat16), 1e-5F);
  EXPECT_EQ(y.scalar_type(), at::kBFloat16);
  EXPECT_LE(max_abs(y, expected(half)), 4e-2);
}

// Whatever the other rows are, how many of them, and by how many threads.
void check_bits_of_a_row(const Linear& layer, const Linear& gate, int64_t rows) {
  const at::Tensor x = noise({rows, 200}, 3);
  const auto all = [&](const at::Tensor& some) {
    const at::Tensor normed = rms_norm(some, at::ones({200}), 1e-5F);
    at::Tensor residual = linear(normed, layer);
    add_linear(residual, normed, layer);
    return at::cat({residual, swiglu(normed, gate, gate), linear_gelu(normed, layer)}, 1);
  };
  const at::Tensor together = all(x);
  for (int64_t r = 0; r < rows; ++r) {
    ASSERT_TRUE(at::equal(all(x.narrow(0, r, 1))[0], together[r])) << r;
  }
  const int threads = at::get_num_threads();
  for (const int count : {1, 2, 3}) {
    at::set_num_threads(count);
    EXPECT_TRUE(at::equal(all(x), together)) << count;
  }
  at::set_num_threads(threads);
}

TEST(Linear, BitsOfARowUpToTheLimit) {
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
    const Linear layer = random_linear(100, 200, 1, type);
    check_bits_of_a_row(layer, without_bias(layer), kMaxKernelRows);
  }
}

TEST(Linear, BitsOfARowWithoutLimitWherePacked) {
  const Linear layer = random_linear(100, 200, 1);
  check_bits_of_a_row(make_linear(weight_of(layer), layer.bias(), kInt8),
                      make_linear(weight_of(layer), {}, kInt8), 9 * kMaxKernelRows + 1);
}

TEST(ActivationType, IsSinglePrecisionOnTheCpu) {
  EXPECT_EQ(activation_type({c10::kCPU, c10::kBFloat16}), c10::kFloat);
  EXPECT_EQ(activation_type({c10::kCUDA, c10::kBFloat16}), c10::kBFloat16);
}

}  // namespace
}  // namespace chatterbox::nn
