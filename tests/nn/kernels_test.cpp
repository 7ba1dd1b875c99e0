// Every variant of the CPU kernels that this machine runs, against the same in double precision.
#include "nn/cpu/kernels.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kernel_inputs.h"
#include "support/tensors.h"

namespace chatterbox::nn::cpu {
namespace {

using testing::Activations;
using testing::data;
using testing::max_abs;
using testing::noise;
using testing::rounded;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

class KernelsTest : public ::testing::TestWithParam<Isa> {
 protected:
  void SetUp() override {
    if (!supported(GetParam())) GTEST_SKIP() << "this machine does not run it";
  }
  [[nodiscard]] static const Kernels& variant() { return kernels(GetParam()); }

  // y [R, N] = x W^T, into a wider tensor whose other columns must stay.
  template <class T>
  static at::Tensor run_linear(const at::Tensor& x, const at::Tensor& weight,
                               const float* bias = nullptr) {
    const int64_t rows = x.size(0);
    const int64_t outputs = weight.size(0);
    const at::Tensor y = at::full({rows, outputs + 3}, -7.0F);
    const Activations<T> input(variant(), x);
    const LinearArgs<T> args{input.rows, data<T>(weight), bias, data<float>(y), outputs + 3, false};
    typed<T>(variant()).linear(args, 0, outputs);
    EXPECT_TRUE(y.narrow(1, outputs, 3).eq(-7).all().item<bool>());
    return y.narrow(1, 0, outputs).contiguous();
  }

  template <class T>
  static void check_linear(int64_t rows, int64_t size, int64_t outputs) {
    SCOPED_TRACE(std::to_string(rows) + " rows, " + std::to_string(size) + " to " +
                 std::to_string(outputs));
    // The rows lie further apart than they are long; what is between is no number.
    at::Tensor padded = at::full({rows, size + 5}, kNan);
    const at::Tensor x = padded.narrow(1, 0, size);
    x.copy_(noise({rows, size}, 1));
    const at::Tensor weight = rounded<T>(noise({outputs, size}, 2));
    const at::Tensor bias = noise({outputs}, 3);
    const at::Tensor exact = Activations<T>(variant(), x).exact.to(at::kDouble);
    const at::Tensor expected = exact.matmul(weight.to(at::kDouble).t()) + bias;
    const double tolerance = 2e-6 * std::sqrt(static_cast<double>(size)) + 1e-6;
    ASSERT_LE(max_abs(run_linear<T>(x, weight, data<float>(bias)), expected), tolerance);
  }

  template <class T>
  static void check_attention(int64_t position, float sharpness);
};

TEST_P(KernelsTest, LinearOfOddSizes) {
  for (const int64_t size : {1, 7, 8, 15, 16, 17, 31, 33, 64, 100, 257}) {
    for (const int64_t outputs : {1, 3, 4, 5, 16, 17, 35}) {
      for (const int64_t rows : {1, 2, 3, 6, 7, 33}) {
        check_linear<float>(rows, size, outputs);
        check_linear<Bf16>(rows, size, outputs);
      }
    }
  }
}

TEST_P(KernelsTest, LinearOfOneTo33Rows) {
  for (int64_t rows = 1; rows <= 33; ++rows) {
    check_linear<float>(rows, 150, 21);
    check_linear<Bf16>(rows, 150, 21);
  }
}

TEST_P(KernelsTest, LinearAddsToWhatIsThereAndKeepsToItsRange) {
  const at::Tensor x = noise({3, 40}, 1);
  const at::Tensor weight = noise({20, 40}, 2);
  const at::Tensor y = at::ones({3, 20});
  const LinearArgs<float> args{
      {data<float>(x), 3, 40, 40}, data<float>(weight), nullptr, data<float>(y), 20, true};
  variant().f32.linear(args, 3, 19);
  const at::Tensor product = x.matmul(weight.t());
  EXPECT_LE(max_abs(y.narrow(1, 3, 16), product.narrow(1, 3, 16) + 1), 1e-5);
  EXPECT_TRUE(y.narrow(1, 0, 3).eq(1).all().item<bool>());
  EXPECT_TRUE(y.narrow(1, 19, 1).eq(1).all().item<bool>());
}

// Any run of rows, from a row to all 33, and any range of outputs.
TEST_P(KernelsTest, BitsOfARowDependOnNothingElse) {
  const auto check = [](auto type, int64_t size) {
    using T = decltype(type);
    const at::Tensor x = noise({33, size}, 1);
    const at::Tensor weight = rounded<T>(noise({37, size}, 2));
    const at::Tensor all = run_linear<T>(x, weight);
    for (int64_t first = 0; first < 33; ++first) {
      for (const int64_t rows : {1, 2, 5, 6, 7, 12, 32}) {
        if (first + rows > 33) continue;
        const at::Tensor part = run_linear<T>(x.narrow(0, first, rows), weight);
        ASSERT_TRUE(at::equal(part, all.narrow(0, first, rows))) << first << ", " << rows;
      }
    }
    for (const int64_t first : {1, 4, 16, 30}) {
      const at::Tensor part = run_linear<T>(x, weight.narrow(0, first, 37 - first));
      ASSERT_TRUE(at::equal(part, all.narrow(1, first, 37 - first))) << first;
    }
  };
  for (const int64_t size : {64, 123}) {
    check(float{}, size);
    check(Bf16{}, size);
  }
}

TEST_P(KernelsTest, NotANumberStaysInItsRow) {
  const at::Tensor x = noise({7, 50}, 1);
  x[3][49] = kNan;
  const at::Tensor weight = noise({5, 50}, 2);
  for (const at::Tensor& y :
       {run_linear<float>(x, weight), run_linear<Bf16>(x, rounded<Bf16>(weight))}) {
    for (int64_t r = 0; r < 7; ++r) EXPECT_EQ(y[r].isnan().all().item<bool>(), r == 3) << r;
    EXPECT_EQ(y.isnan().sum().item<int64_t>(), 5);
  }
}

template <class T>
at::Tensor run_swiglu(const Kernels& kernels, const at::Tensor& x, const at::Tensor& gate,
                      const at::Tensor& up) {
  const at::Tensor y = at::empty({x.size(0), gate.size(0)});
  const Activations<T> input(kernels, x);
  const SwigluArgs<T> args{input.rows, data<T>(gate), data<T>(up), data<float>(y), gate.size(0)};
  typed<T>(kernels).swiglu(args, 0, gate.size(0));
  return y;
}

template <class T>
void check_swiglu(const Kernels& kernels, int64_t rows, int64_t size, int64_t inner) {
  SCOPED_TRACE(std::to_string(rows) + " rows, " + std::to_string(size) + " to " +
               std::to_string(inner));
  const at::Tensor x = noise({rows, size}, 1).div_(std::sqrt(static_cast<double>(size)));
  const at::Tensor gate = rounded<T>(noise({inner, size}, 2));
  const at::Tensor up = rounded<T>(noise({inner, size}, 3));
  const at::Tensor y = run_swiglu<T>(kernels, x, gate, up);
  const at::Tensor wide = Activations<T>(kernels, x).exact.to(at::kDouble);
  const at::Tensor g = wide.matmul(gate.to(at::kDouble).t());
  const at::Tensor expected = g / (1 + (-g).exp()) * wide.matmul(up.to(at::kDouble).t());
  ASSERT_LE(max_abs(y, expected), 1e-5);
  for (int64_t r = 0; r < rows; ++r) {
    ASSERT_TRUE(at::equal(run_swiglu<T>(kernels, x.narrow(0, r, 1), gate, up)[0], y[r])) << r;
  }
}

TEST_P(KernelsTest, Swiglu) {
  for (const auto& [rows, size, inner] :
       {std::tuple{1, 1, 1}, {3, 17, 5}, {7, 64, 16}, {13, 100, 33}, {32, 40, 19}, {33, 31, 17}}) {
    check_swiglu<float>(variant(), rows, size, inner);
    check_swiglu<Bf16>(variant(), rows, size, inner);
  }
}

// The exponential in it, of one input: silu(g) = g / (1 + exp(-g)).
TEST_P(KernelsTest, SwigluIsPreciseForAllGates) {
  const at::Tensor gates =
      at::linspace(-80, 100, 7001, at::TensorOptions(at::kFloat)).view({-1, 1});
  const at::Tensor ones = at::ones({1, 1});
  const at::Tensor y = run_swiglu<float>(variant(), ones, gates, at::ones_like(gates))[0];
  const at::Tensor g = gates.to(at::kDouble).view({-1});
  const at::Tensor expected = g / (1 + (-g).exp());
  const at::Tensor error = (y.to(at::kDouble) - expected).abs() / expected.abs().clamp_min(1e-30);
  EXPECT_LE(error.max().item<double>(), 6e-7);

  const at::Tensor extreme = at::tensor({-1e4F, -INFINITY, 1e4F, kNan}).view({-1, 1});
  const at::Tensor ends = run_swiglu<float>(variant(), ones, extreme, at::ones_like(extreme))[0];
  EXPECT_LE(std::abs(ends[0].item<float>()), 1e-30F);
  EXPECT_EQ(ends[2].item<float>(), 1e4F);
  EXPECT_TRUE(std::isnan(ends[3].item<float>()));
}

// x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))), in double precision.
at::Tensor plain_gelu(const at::Tensor& values) {
  const at::Tensor x = values.to(at::kDouble);
  return x * 0.5 * (1 + (std::sqrt(2 / M_PI) * (x + 0.044715 * x.pow(3))).tanh());
}

// The second half of the outputs is left alone.
TEST_P(KernelsTest, LinearGeluKeepsToItsRange) {
  for (const int64_t outputs : {1, 5, 16, 35}) {
    const at::Tensor x = noise({7, 50}, 1).div_(7);
    const at::Tensor weight = noise({2 * outputs, 50}, 2);
    const at::Tensor bias = noise({2 * outputs}, 3);
    const at::Tensor y = at::full({7, 2 * outputs}, -7.0F);
    variant().f32.linear_gelu({{data<float>(x), 7, 50, 50},
                               data<float>(weight),
                               data<float>(bias),
                               data<float>(y),
                               2 * outputs,
                               false},
                              0, outputs);
    const at::Tensor sums = x.to(at::kDouble).matmul(weight.to(at::kDouble).t()) + bias;
    EXPECT_LE(max_abs(y.narrow(1, 0, outputs), plain_gelu(sums.narrow(1, 0, outputs))), 5e-6);
    EXPECT_TRUE(y.narrow(1, outputs, outputs).eq(-7).all().item<bool>());
  }
}

TEST_P(KernelsTest, GeluIsPreciseForAllInputs) {
  const auto gelu = [](const at::Tensor& values) {
    const at::Tensor ones = at::ones({1, 1});
    const at::Tensor y = at::empty({values.size(0)});
    variant().f32.linear_gelu({{data<float>(ones), 1, 1, 1},
                               data<float>(values),
                               nullptr,
                               data<float>(y),
                               values.size(0),
                               false},
                              0, values.size(0));
    return y;
  };
  const at::Tensor x = at::linspace(-30, 30, 7001, at::TensorOptions(at::kFloat));
  EXPECT_LE(((gelu(x) - plain_gelu(x)).abs() / x.abs().clamp_min(1e-3)).max().item<double>(), 4e-7);
  const at::Tensor ends = gelu(at::tensor({-1e4F, 1e4F, kNan, 0.0F}));
  EXPECT_LE(std::abs(ends[0].item<float>()), 1e-30F);
  EXPECT_EQ(ends[1].item<float>(), 1e4F);
  EXPECT_TRUE(std::isnan(ends[2].item<float>()));
  EXPECT_EQ(ends[3].item<float>(), 0.0F);
}

TEST_P(KernelsTest, RmsNorm) {
  for (const int64_t size : {1, 5, 16, 24, 100, 1024, 1027}) {
    const at::Tensor x = noise({size}, 1).mul_(3);
    const at::Tensor weight = noise({size}, 2);
    const at::Tensor y = at::empty({size});
    variant().rms_norm(data<float>(x), data<float>(weight), 1e-5F, size, data<float>(y));
    const at::Tensor wide = x.to(at::kDouble);
    EXPECT_LE(max_abs(y, wide / (wide.square().mean() + 1e-5).sqrt() * weight), 3e-6) << size;
  }
  // By hand: the mean of the squares of 3 and 4 is 12.5; eps makes it 16.
  const float x[] = {3, 4};
  const float weight[] = {1, -2};
  float y[2] = {};
  variant().rms_norm(x, weight, 3.5F, 2, y);
  EXPECT_EQ(y[0], 0.75F);
  EXPECT_EQ(y[1], -2.0F);
}

at::Tensor rotated(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin) {
  const at::Tensor a = x.narrow(0, 0, 32);
  const at::Tensor b = x.narrow(0, 32, 32);
  return at::cat({a * cos - b * sin, b * cos + a * sin});
}

template <class T>
void KernelsTest::check_attention(int64_t position, float sharpness) {
  SCOPED_TRACE("position " + std::to_string(position));
  constexpr int64_t kPositions = 300;
  const at::Tensor q = noise({64}, 1).mul_(sharpness);
  const at::Tensor k = noise({64}, 2);
  const at::Tensor v = noise({64}, 3);
  const at::Tensor angles = noise({32}, 4);
  const at::Tensor cos = angles.cos();
  const at::Tensor sin = angles.sin();
  // What is beyond the position is never read.
  const auto cache_of = [&](uint64_t seed) {
    const at::Tensor cache = noise({kPositions, 64}, seed);
    cache.narrow(0, position, kPositions - position).fill_(kNan);
    return rounded<T>(cache).clone();
  };
  const at::Tensor k_cache = cache_of(5);
  const at::Tensor v_cache = cache_of(6);
  const at::Tensor k_before = k_cache.clone();
  const at::Tensor out = at::empty({64});
  typed<T>(variant()).attention({data<float>(q), data<float>(k), data<float>(v), data<float>(cos),
                                 data<float>(sin), data<T>(k_cache), data<T>(v_cache), position,
                                 data<float>(out)});

  constexpr double kRounding = std::is_same_v<T, float> ? 1e-6 : 2e-2;
  EXPECT_LE(max_abs(k_cache[position], rounded<T>(rotated(k, cos, sin))), kRounding);
  EXPECT_TRUE(at::equal(v_cache[position], rounded<T>(v)));
  EXPECT_TRUE(at::equal(k_cache.narrow(0, 0, position), k_before.narrow(0, 0, position)));
  if (position + 1 < kPositions) {
    EXPECT_TRUE(k_cache[position + 1].isnan().all().item<bool>());
  }
  const at::Tensor keys = k_cache.narrow(0, 0, position + 1).to(at::kDouble);
  const at::Tensor values = v_cache.narrow(0, 0, position + 1).to(at::kDouble);
  const at::Tensor scores = keys.matmul(rotated(q.to(at::kDouble), cos, sin)) / 8;
  const at::Tensor expected = scores.softmax(0).matmul(values);
  EXPECT_LE(max_abs(out, expected), 2e-6 * std::max(1.0F, sharpness));
}

TEST_P(KernelsTest, AttentionIsTheSoftmaxOverThePrefix) {
  for (const int64_t position : {0, 1, 2, 7, 15, 16, 62, 63, 64, 65, 127, 128, 200, 299}) {
    for (const float sharpness : {1.0F, 30.0F}) {
      check_attention<float>(position, sharpness);
      check_attention<Bf16>(position, sharpness);
    }
  }
}

// As if all angles were 0.
TEST_P(KernelsTest, AttentionWithoutAnglesRotatesNothing) {
  const at::Tensor q = noise({64}, 1);
  const at::Tensor k = noise({64}, 2);
  const at::Tensor v = noise({64}, 3);
  const auto run = [&](const float* cos, const float* sin) {
    const at::Tensor k_cache = noise({20, 64}, 4);
    const at::Tensor v_cache = noise({20, 64}, 5);
    const at::Tensor out = at::empty({64});
    variant().f32.attention({data<float>(q), data<float>(k), data<float>(v), cos, sin,
                             data<float>(k_cache), data<float>(v_cache), 19, data<float>(out)});
    return at::cat({out, k_cache[19], v_cache[19]});
  };
  const at::Tensor ones = at::ones({32});
  const at::Tensor zeros = at::zeros({32});
  EXPECT_TRUE(at::equal(run(nullptr, nullptr), run(data<float>(ones), data<float>(zeros))));
}

// Of bfloat16's rounding: to the nearest, ties to even, NaN stays NaN.
TEST_P(KernelsTest, CacheRoundsAsTorch) {
  at::Tensor v = noise({64}, 1);
  v[0] = 1.00390625F;  // halfway between 1 and 1.0078125: to the even one, 1
  v[1] = 1.01171875F;  // halfway between 1.0078125 and 1.015625: to the even one, above
  v[2] = kNan;
  v[3] = INFINITY;
  v[4] = 3.4e38F;  // rounds to infinity
  const at::Tensor zeros = at::zeros({64});
  const at::Tensor k_cache = at::zeros({1, 64}, at::kBFloat16);
  const at::Tensor v_cache = at::zeros({1, 64}, at::kBFloat16);
  const at::Tensor out = at::empty({64});
  variant().bf16.attention({data<float>(zeros), data<float>(zeros), data<float>(v),
                            data<float>(zeros), data<float>(zeros), data<Bf16>(k_cache),
                            data<Bf16>(v_cache), 0, data<float>(out)});
  EXPECT_EQ(v_cache[0][0].item<float>(), 1.0F);
  EXPECT_EQ(v_cache[0][1].item<float>(), 1.015625F);
  EXPECT_TRUE(at::equal(v_cache[0].nan_to_num(-1), v.to(at::kBFloat16).nan_to_num(-1)));
}

// Lengths around a tile, a block of queries and a block of keys; rows further apart than they are
// long, with no numbers between. Some queries alone have the bits that they have among all.
TEST_P(KernelsTest, SelfAttentionIsTheSoftmaxOverAllPositions) {
  for (const int64_t length : {1, 2, 5, 6, 15, 16, 17, 24, 33, 48, 49, 255, 256, 257, 530}) {
    for (const double sharpness : {1.0, 30.0}) {
      SCOPED_TRACE(std::to_string(length) + " positions, sharpness " + std::to_string(sharpness));
      const at::Tensor x = at::full({length, 3 * 64 + 5}, kNan);
      x.narrow(1, 0, 3 * 64).copy_(noise({length, 3 * 64}, 1));
      x.narrow(1, 0, 64).mul_(sharpness);
      at::Tensor out = at::full({length, 70}, -7.0F);
      const at::Tensor scratch = at::full({variant().self_attention_scratch(length) + 1}, kNan);
      const auto attend = [&](int64_t first, int64_t last, at::Tensor& to) {
        const auto* from = data<float>(x);
        variant().self_attention({from, from + 64, from + 128, x.stride(0), length, first, last,
                                  data<float>(to), to.stride(0), data<float>(scratch)});
      };
      attend(0, length, out);
      at::Tensor some = at::empty({length - length / 3, 64});
      attend(length / 3, length, some);
      EXPECT_TRUE(at::equal(some, out.narrow(0, length / 3, some.size(0)).narrow(1, 0, 64)));
      EXPECT_TRUE(scratch[-1].isnan().item<bool>());
      EXPECT_TRUE(out.narrow(1, 64, 6).eq(-7).all().item<bool>());
      const auto part = [&](int64_t i) { return x.narrow(1, 64 * i, 64).to(at::kDouble); };
      const at::Tensor scores = part(0).matmul(part(1).transpose(0, 1)) / 8;
      EXPECT_LE(max_abs(out.narrow(1, 0, 64), scores.softmax(1).matmul(part(2))), 2e-6 * sharpness);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Variants, KernelsTest,
                         ::testing::Values(Isa::kPortable, Isa::kAvx2, Isa::kAvx512,
                                           Isa::kAvx512Bf16),
                         testing::variant_name);

TEST(Kernels, TheBestThatTheMachineRunsIsChosen) {
  EXPECT_TRUE(supported(Isa::kPortable));
  const Isa best = supported(Isa::kAvx512Bf16) ? Isa::kAvx512Bf16
                   : supported(Isa::kAvx512)   ? Isa::kAvx512
                   : supported(Isa::kAvx2)     ? Isa::kAvx2
                                               : Isa::kPortable;
  EXPECT_EQ(&kernels(), &kernels(best));
  if (supported(Isa::kAvx2)) {
    EXPECT_NE(&kernels(Isa::kAvx2), &kernels(Isa::kPortable));
  }
}

}  // namespace
}  // namespace chatterbox::nn::cpu
