// The expected numbers: transformers 5.2.0, ROPE_INIT_FUNCTIONS["llama3"], LlamaRotaryEmbedding and
// apply_rotary_pos_emb with the reference's configuration (head size 64, theta 500000, factor 8,
// low 1, high 4, 8192 original positions).
#include "nn/rope.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace chatterbox::nn {
namespace {

// By the formula: the first 15 have wavelengths below 8192 / 4 and stay 500000^(-i/32); those from
// 18 on have more than 8192 and are divided by 8; in between lies a mixture.
TEST(Rope, FrequenciesAreScaledAsLlama3) {
  const std::vector<float> expected = {1.0F,
                                       0.663601279F,
                                       0.440366626F,
                                       0.292227834F,
                                       0.193922758F,
                                       0.128687382F,
                                       0.0853971019F,
                                       0.0566696189F,
                                       0.0376060307F,
                                       0.0249554086F,
                                       0.0165604409F,
                                       0.0109895291F,
                                       0.00729266508F,
                                       0.00483942125F,
                                       0.00321144611F,
                                       0.00137189368F,
                                       0.000524846022F,
                                       0.000178507791F,
                                       7.78465546e-05F,
                                       5.16590699e-05F,
                                       3.42810235e-05F,
                                       2.2748929e-05F,
                                       1.50962178e-05F,
                                       1.00178686e-05F,
                                       6.64786967e-06F,
                                       4.41153452e-06F,
                                       2.92749974e-06F,
                                       1.94269251e-06F,
                                       1.28917316e-06F,
                                       8.55496921e-07F,
                                       5.6770881e-07F,
                                       3.7673226e-07F};
  const at::Tensor actual = llama3_inverse_frequencies();
  ASSERT_EQ(actual.sizes(), at::IntArrayRef{32});
  for (int64_t i = 0; i < 32; ++i) {
    const float value = expected[static_cast<size_t>(i)];
    EXPECT_NEAR(actual[i].item<float>(), value, 2e-7F * value) << i;
  }
}

// Index 15: plain 500000^(-15/32) = 0.00213112, wavelength 2948.30, smooth (8192 / 2948.30 - 1) / 3
// = 0.592849; 0.407151 * plain / 8 + 0.592849 * plain = 0.0013719.
TEST(Rope, MixtureByHand) {
  EXPECT_NEAR(llama3_inverse_frequencies()[15].item<float>(), 0.0013719F, 1e-7F);
}

TEST(Rope, TableHoldsCosinesAndSinesOfEachPosition) {
  const RopeTable rope = llama3_rope(4001, c10::kCPU);
  ASSERT_EQ(rope.cos.sizes(), (at::IntArrayRef{4001, 32}));
  const auto expect = [](const at::Tensor& row, float first, float middle, float last) {
    EXPECT_NEAR(row[0].item<float>(), first, 2e-7F);
    EXPECT_NEAR(row[17].item<float>(), middle, 2e-7F);
    EXPECT_NEAR(row[31].item<float>(), last, 2e-7F);
  };
  expect(rope.cos[0], 1, 1, 1);
  expect(rope.sin[0], 0, 0, 0);
  expect(rope.cos[500], -0.883849263F, 0.996019483F, 1);
  expect(rope.sin[500], -0.467771798F, 0.0891354382F, 0.000188366132F);
  expect(rope.cos[4000], -0.729946971F, 0.755728066F, 0.999998868F);
  expect(rope.sin[4000], -0.683503807F, 0.65488553F, 0.00150692847F);
}

TEST(Rope, RotatesPairsThatAre32Apart) {
  const at::Tensor x = at::arange(64, at::TensorOptions(at::kFloat)).sin();
  const RopeTable rope = llama3_rope(501, c10::kCPU);
  const at::Tensor y = apply_rope(x, rope.cos[500], rope.sin[500]);
  const std::pair<int64_t, float> expected[] = {{0, 0.257941872F},   {5, 0.585914016F},
                                                {31, -0.404069185F}, {32, -0.487378091F},
                                                {37, -0.995179296F}, {63, 0.167279601F}};
  for (const auto& [i, value] : expected) EXPECT_NEAR(y[i].item<float>(), value, 3e-7F) << i;

  // A quarter turn: (1, 2) becomes (-2, 1).
  const at::Tensor pair = at::cat({at::full({32}, 1.0F), at::full({32}, 2.0F)});
  const at::Tensor turned = apply_rope(pair, at::zeros({32}), at::ones({32}));
  EXPECT_TRUE(at::equal(turned, at::cat({at::full({32}, -2.0F), at::full({32}, 1.0F)})));
}

// Queries and keys as apply_rope() turns them, in one product; values keep their bits.
TEST(Rope, MatricesTurnQueriesAndKeysAndLeaveValues) {
  const RopeTable rope = llama3_rope(501, c10::kCPU);
  const RopeMatrices matrices = rope_matrices(rope, at::kFloat);
  const at::Tensor positions = at::tensor({500, 0, 3}, at::kLong);
  const at::Tensor qkv = at::arange(3 * 3 * 2 * 64, at::kFloat).sin().view({3, 3, 2, 64});
  const at::Tensor turned =
      qkv.flatten(0, 1).bmm(rope_matrices_of(matrices, positions)).view({3, 3, 2, 64});
  for (int64_t r = 0; r < 3; ++r) {
    const auto position = positions[r].item<int64_t>();
    const at::Tensor expected =
        apply_rope(qkv[r].narrow(0, 0, 2), rope.cos[position], rope.sin[position]);
    EXPECT_LE(at::sub(turned[r].narrow(0, 0, 2), expected).abs().max().item<float>(), 2e-7F);
    EXPECT_TRUE(at::equal(turned[r][2], qkv[r][2]));
  }
  EXPECT_EQ(rope_matrices(rope, at::kBFloat16).places.scalar_type(), at::kBFloat16);
}

TEST(Rope, AnglesAreSharedByHeadsAndTakeTheInputsType) {
  const RopeTable rope = llama3_rope(3, c10::kCPU);
  const at::Tensor x = at::arange(2 * 3 * 64, at::TensorOptions(at::kFloat)).cos().view({2, 3, 64});
  const at::Tensor y = apply_rope(x, rope.cos, rope.sin);  // [heads, positions, 64]
  EXPECT_TRUE(at::equal(y[1][2], apply_rope(x[1][2], rope.cos[2], rope.sin[2])));
  EXPECT_TRUE(at::equal(y[0][0], x[0][0]));  // position 0 turns nothing
  EXPECT_EQ(apply_rope(x.to(at::kBFloat16), rope.cos, rope.sin).scalar_type(), at::kBFloat16);
}

}  // namespace
}  // namespace chatterbox::nn
