// Every variant of the kernels over frames that this machine runs, and that for AMX over emulated
// tiles, against the same in double precision.
#include "nn/cpu/frame_kernels.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "nn/cpu/frame_layers.h"
#include "support/tensors.h"

namespace chatterbox::nn::cpu {

const FrameKernels& emulated_amx_frame_kernels();

namespace {

using testing::max_abs;
using testing::noise;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

enum class Variant { kAvx512, kAmx, kEmulatedAmx };

template <class T>
T* data(const at::Tensor& x) {
  return static_cast<T*>(x.mutable_data_ptr());
}

at::Tensor bf16_noise(at::IntArrayRef shape, uint64_t seed, double scale = 1) {
  return noise(shape, seed).mul(scale).to(at::kBFloat16);
}

// The rows of x, and behind them what is no number.
at::Tensor with_rows_beyond(const at::Tensor& x) {
  return at::cat({x, at::full({kRowsBeyond, x.size(1)}, kNan, x.options())});
}

double relative(const at::Tensor& x, const at::Tensor& expected) {
  const at::Tensor wide = x.to(at::kDouble);
  return (wide - expected).norm().item<double>() / expected.norm().item<double>();
}

class FrameKernelsTest : public ::testing::TestWithParam<Variant> {
 protected:
  void SetUp() override {
    const FrameUnit unit = GetParam() == Variant::kAmx ? FrameUnit::kAmx : FrameUnit::kAvx512Bf16;
    if (!supported(unit)) GTEST_SKIP() << "this machine does not run it";
  }
  [[nodiscard]] static const FrameKernels& variant() {
    if (GetParam() == Variant::kEmulatedAmx) return emulated_amx_frame_kernels();
    return GetParam() == Variant::kAmx ? amx_frame_kernels() : avx512_frame_kernels();
  }
};

INSTANTIATE_TEST_SUITE_P(Variants, FrameKernelsTest,
                         ::testing::Values(Variant::kAvx512, Variant::kAmx, Variant::kEmulatedAmx),
                         [](const auto& tested) {
                           return tested.param == Variant::kAvx512 ? "Avx512"
                                  : tested.param == Variant::kAmx  ? "Amx"
                                                                   : "EmulatedAmx";
                         });

// Sums of fp32, whose order is the kernel's: 1.2e-7 was measured. Rounded to bf16 1.8e-3.
TEST_P(FrameKernelsTest, Products) {
  for (const auto& [rows, depth, outputs] : {std::array<int64_t, 3>{1, 32, 32},
                                             {5, 96, 64},
                                             {12, 64, 96},
                                             {13, 256, 32},
                                             {33, 128, 160},
                                             {96, 256, 64}}) {
    SCOPED_TRACE(std::to_string(rows) + " rows, " + std::to_string(depth) + " to " +
                 std::to_string(outputs));
    const at::Tensor x = bf16_noise({rows, depth}, 1);
    const at::Tensor weight = bf16_noise({outputs, depth}, 2, 0.2);
    const at::Tensor bias = noise({outputs}, 3);
    const at::Tensor plain = at::matmul(x.to(at::kDouble), weight.to(at::kDouble).t());
    const at::Tensor expected = plain + bias;
    const at::Tensor memory = with_rows_beyond(x);
    const FrameLinear layer = pack_linear(weight, bias);
    const Product product = product_of(layer, data<Bf16>(memory), depth, rows);

    const at::Tensor wide = at::full({rows + 1, outputs + 3}, -7.0F);
    variant().product_fp32(product, data<float>(wide), outputs + 3);
    const at::Tensor sums = wide.narrow(0, 0, rows).narrow(1, 0, outputs);
    EXPECT_LE(relative(sums, expected), 4 * 1.2e-7);
    EXPECT_TRUE(wide.narrow(1, outputs, 3).eq(-7).all().item<bool>());
    EXPECT_TRUE(wide[rows].eq(-7).all().item<bool>());

    const at::Tensor added = at::ones({rows, outputs});
    variant().product_add(product, data<float>(added), outputs);
    EXPECT_LE(max_abs(added - 1, sums), 4e-6);

    const at::Tensor rounded = at::empty({rows, outputs}, at::kBFloat16);
    variant().product(product, data<Bf16>(rounded), outputs);
    EXPECT_TRUE(at::equal(rounded, sums.to(at::kBFloat16)));

    const FrameLinear unbiased = pack_linear(weight, {});
    variant().product_fp32(product_of(unbiased, data<Bf16>(memory), depth, rows), data<float>(wide),
                           outputs + 3);
    EXPECT_LE(relative(sums, plain), 4 * 1.2e-7);
  }
}

TEST_P(FrameKernelsTest, ARowOfAProductHasTheSameBitsWhereverItStands) {
  constexpr int64_t kRows = 50, kDepth = 160, kOutputs = 64;
  const at::Tensor x = with_rows_beyond(bf16_noise({kRows, kDepth}, 4));
  const FrameLinear layer = pack_linear(bf16_noise({kOutputs, kDepth}, 5), noise({kOutputs}, 6));
  const at::Tensor all = at::empty({kRows, kOutputs});
  variant().product_fp32(product_of(layer, data<Bf16>(x), kDepth, kRows), data<float>(all),
                         kOutputs);
  for (int64_t r = 0; r < kRows; ++r) {
    const at::Tensor one = at::empty({kOutputs});
    variant().product_fp32(product_of(layer, data<Bf16>(x) + r * kDepth, kDepth, 1),
                           data<float>(one), kOutputs);
    EXPECT_TRUE(at::equal(one, all[r])) << r;
  }
}

// Channels and outputs that do not fill the steps.
TEST_P(FrameKernelsTest, Convolutions) {
  constexpr int64_t kFrames = 41, kChannels = 40, kOutputs = 50, kTaps = 3, kDilation = 4;
  const at::Tensor x = bf16_noise({kFrames, kChannels}, 7);
  const at::Tensor weight = bf16_noise({kOutputs, kChannels, 1, kTaps}, 8, 0.3);
  const at::Tensor bias = noise({kOutputs}, 9);
  const at::Tensor causal =
      at::constant_pad_nd(x.t().to(at::kDouble), {kDilation * (kTaps - 1), 0});
  const at::Tensor expected =
      at::conv1d(causal.unsqueeze(0), weight.squeeze(2).to(at::kDouble), bias.to(at::kDouble),
                 /*stride=*/1, /*padding=*/at::IntArrayRef{0}, kDilation)[0]
          .t();
  const FrameBuffer buffer(1, kFrames, padded(kChannels), kDilation * (kTaps - 1));
  for (int64_t t = 0; t < kFrames; ++t) {
    std::fill_n(buffer.at(0, t), buffer.size(), Bf16{0});
    std::copy_n(data<Bf16>(x) + t * kChannels, kChannels, buffer.at(0, t));
  }
  const FrameLinear layer = pack_conv(weight, bias);
  const at::Tensor y = at::empty({kFrames, layer.outputs});
  variant().product_fp32(
      product_of(layer, buffer.at(0, kDilation * (1 - kTaps)), buffer.size(), kFrames, kDilation),
      data<float>(y), layer.outputs);
  EXPECT_LE(relative(y.narrow(1, 0, kOutputs), expected), 4 * 1.2e-7);
  EXPECT_TRUE(y.narrow(1, kOutputs, layer.outputs - kOutputs).eq(0).all().item<bool>());
}

// What bf16 rounds away, 2^-8 of a value, and the polynomials' own error.
void expect_rounded(const at::Tensor& y, const at::Tensor& expected, double absolute) {
  const at::Tensor error = (y.to(at::kDouble) - expected).abs();
  const at::Tensor excess = error - expected.abs().mul(0x1p-8 + 2e-4);
  EXPECT_LE(excess.max().item<double>(), absolute);
}

TEST_P(FrameKernelsTest, Activations) {
  constexpr int64_t kRows = 64;
  const at::Tensor x = at::linspace(-12, 12, kRows * 32).view({kRows, 32}).to(at::kBFloat16);
  const at::Tensor exact = x.to(at::kDouble);
  const FrameLinear layer = pack_linear(at::eye(32), {});
  const at::Tensor memory = with_rows_beyond(x);
  const Product product = product_of(layer, data<Bf16>(memory), 32, kRows);
  const at::Tensor y = at::empty({kRows, 32}, at::kBFloat16);
  variant().product_gelu(product, data<Bf16>(y), 32);
  expect_rounded(y, at::gelu(exact), 8e-5);
  variant().product_silu(product, data<Bf16>(y), 32);
  expect_rounded(y, at::silu(exact), 1e-6);
}

class Norms {
 public:
  static constexpr int64_t kRows = 7, kSize = 96;
  const at::Tensor x = noise({kRows, kSize}, 10).mul(3).add(5);
  const at::Tensor weight = noise({kSize}, 11), bias = noise({kSize}, 12);
  [[nodiscard]] Norm norm() const {
    return {data<float>(x), kSize, kRows, kSize, data<float>(weight), data<float>(bias), 1e-5F};
  }
  [[nodiscard]] at::Tensor expected() const {
    return at::layer_norm(x.to(at::kDouble), {kSize}, weight.to(at::kDouble), bias.to(at::kDouble));
  }
};

TEST_P(FrameKernelsTest, NormsAndWhatFollows) {
  const Norms norms;
  const at::Tensor y = at::empty({Norms::kRows, Norms::kSize}, at::kBFloat16);
  variant().norm(norms.norm(), data<Bf16>(y), Norms::kSize);
  expect_rounded(y, norms.expected(), 1e-5);

  const at::Tensor shift = noise({Norms::kSize}, 13);
  variant().norm_mish(norms.norm(), data<float>(shift), data<Bf16>(y), Norms::kSize);
  // The shift may cancel what the polynomial's error is relative to.
  expect_rounded(y, at::mish(norms.expected()) + shift.to(at::kDouble), 1e-3);

  const at::Tensor sum = at::ones({Norms::kRows, Norms::kSize});
  variant().norm_mish_add(norms.norm(), data<float>(sum), Norms::kSize);
  EXPECT_LE(max_abs(sum.to(at::kDouble), at::mish(norms.expected()) + 1), 1e-3);

  variant().narrow(data<float>(norms.x), Norms::kSize, Norms::kRows, Norms::kSize, data<Bf16>(y),
                   Norms::kSize);
  EXPECT_TRUE(at::equal(y, norms.x.to(at::kBFloat16)));
}

// Of each frame a query, another for positions, a key and a value; of each distance a row. Behind
// the last comes what is no number.
class Head {
 public:
  Head(int64_t length, bool with_positions, double sharpness = 1)
      : length_(length),
        with_positions_(with_positions),
        rows_(with_rows_beyond(bf16_noise({length, 4 * kHeadSize}, 20, sharpness))),
        distances_(with_rows_beyond(bf16_noise({2 * length - 1, kHeadSize}, 21, sharpness))) {}

  [[nodiscard]] at::Tensor run(const FrameKernels& kernels, int64_t first, int64_t last) const {
    const at::Tensor out = at::full({length_, kOutStride}, -7, at::kBFloat16);
    const at::Tensor scratch =
        at::empty({kernels.attention_scratch(length_, with_positions_)}, at::kBFloat16);
    const Bf16* q = data<Bf16>(rows_);
    kernels.attention({q, q + 2 * kHeadSize, q + 3 * kHeadSize, 4 * kHeadSize, length_,
                       with_positions_ ? q + kHeadSize : nullptr,
                       with_positions_ ? data<Bf16>(distances_) : nullptr, kHeadSize, first, last,
                       data<Bf16>(out), kOutStride, data<Bf16>(scratch)});
    EXPECT_TRUE(out.narrow(1, kHeadSize, kOutStride - kHeadSize).eq(-7).all().item<bool>());
    return out.narrow(1, 0, kHeadSize).contiguous();
  }

  [[nodiscard]] at::Tensor expected() const {
    const at::Tensor heads =
        rows_.narrow(0, 0, length_).to(at::kDouble).view({length_, 4, kHeadSize});
    at::Tensor scores = at::matmul(heads.select(1, 0), heads.select(1, 2).t());
    if (with_positions_) {
      const at::Tensor by_distance = at::matmul(
          heads.select(1, 1), distances_.narrow(0, 0, 2 * length_ - 1).to(at::kDouble).t());
      for (int64_t i = 0; i < length_; ++i) {
        scores[i].add_(by_distance[i].narrow(0, length_ - 1 - i, length_));
      }
    }
    return at::matmul(scores.div(8).softmax(1), heads.select(1, 3));
  }

 private:
  static constexpr int64_t kOutStride = kHeadSize + 32;
  int64_t length_;
  bool with_positions_;
  at::Tensor rows_, distances_;
};

// 2.4e-3 was measured, most of it the rounding of the shares and of the result.
TEST_P(FrameKernelsTest, Attention) {
  for (const int64_t length : {1, 3, 63, 64, 65, 255, 256, 257, 700}) {
    for (const bool with_positions : {false, true}) {
      for (const double sharpness : {1.0, 4.0}) {
        SCOPED_TRACE(std::to_string(length) + " frames, sharpness " + std::to_string(sharpness) +
                     (with_positions ? ", with positions" : ""));
        const Head head(length, with_positions, sharpness);
        EXPECT_LE(relative(head.run(variant(), 0, length), head.expected()), 4 * 2.4e-3);
      }
    }
  }
}

TEST_P(FrameKernelsTest, PartsOfTheQueriesHaveTheBitsOfAll) {
  constexpr int64_t kLength = 301;
  for (const bool with_positions : {false, true}) {
    const Head head(kLength, with_positions);
    const at::Tensor all = head.run(variant(), 0, kLength);
    for (const auto& [first, last] : {std::pair<int64_t, int64_t>{0, 1}, {5, 7}, {40, 300}}) {
      const at::Tensor part = head.run(variant(), first, last);
      const auto same = [&](int64_t begin, int64_t count) {
        return at::equal(part.narrow(0, begin, count), all.narrow(0, begin, count));
      };
      EXPECT_TRUE(same(first, last - first)) << first << ' ' << with_positions;
      EXPECT_TRUE(part.narrow(0, 0, first).eq(-7).all().item<bool>());
      EXPECT_TRUE(part.narrow(0, last, kLength - last).eq(-7).all().item<bool>());
    }
  }
}

}  // namespace
}  // namespace chatterbox::nn::cpu
