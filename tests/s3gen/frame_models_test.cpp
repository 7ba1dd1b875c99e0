// S3Gen's models in bfloat16 by the CPU's kernels over frames: near fp32, and each row of a batch
// with the bits that it has alone.
#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <limits>

#include "s3gen/frame_conformer.h"
#include "s3gen/frame_estimator.h"
#include "s3gen/frame_resblock.h"
#include "s3gen/token_encoder.h"
#include "support/synthetic/synthetic.h"
#include "support/tensors.h"

namespace chatterbox::s3gen {
namespace {

using testing::noise;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

nn::WeightReader tiny_flow(at::ScalarType type) {
  const nn::WeightReader reader(testing::make_synthetic("s3gen", testing::SyntheticSize::kTiny),
                                {at::kCPU, type});
  return reader.scope("flow");
}

Estimator tiny_estimator(at::ScalarType type) {
  return read_estimator(tiny_flow(type).scope("decoder").scope("estimator"));
}

double relative(const at::Tensor& x, const at::Tensor& expected) {
  return (x - expected).norm().item<double>() / expected.norm().item<double>();
}

class FrameModels : public ::testing::Test {
 protected:
  void SetUp() override {
    if (nn::cpu::frame_kernels() == nullptr) {
      GTEST_SKIP() << "this machine does not multiply bfloat16";
    }
  }

  const std::vector<int64_t> lengths_ = {11, 140};
};

FlowConditions random_conditions(const std::vector<int64_t>& lengths) {
  const auto batch = static_cast<int64_t>(lengths.size());
  return {noise({batch, lengths.back(), 80}, 1), noise({batch, 80}, 2),
          noise({batch, lengths.back(), 80}, 3), make_frame_mask(lengths, c10::kCPU)};
}

// One row of a plan. Its tensors are the batch's, which libtorch made: only the kernels are tested.
EstimatorPlan row_of(const EstimatorPlan& plan, int64_t row) {
  EstimatorPlan one = plan;
  const int64_t length = plan.lengths[static_cast<size_t>(row)];
  const auto part = [&](const at::Tensor& x) {
    return x.narrow(1, row, 1).narrow(2, 0, length).contiguous();
  };
  one.convolved = part(plan.convolved);
  one.shortcut = part(plan.shortcut);
  one.lengths = {length};
  return one;
}

// 7.2e-3 was measured.
TEST_F(FrameModels, TheEstimatorIsNearFp32) {
  const Estimator wide = tiny_estimator(at::kFloat), narrow = tiny_estimator(at::kBFloat16);
  ASSERT_EQ(wide.frames, nullptr);
  ASSERT_NE(narrow.frames, nullptr);
  const FlowConditions conditions = random_conditions({140});
  const at::Tensor times = at::tensor({0.25F, 1.0F});
  const at::Tensor x = noise({1, 140, 80}, 4);
  EXPECT_LE(relative(estimate(narrow, plan(narrow, conditions, times), 0, x),
                     estimate(wide, plan(wide, conditions, times), 0, x)),
            4 * 7.2e-3);
}

TEST_F(FrameModels, ARowOfTheEstimatorHasItsBitsInAnyBatch) {
  const Estimator estimator = tiny_estimator(at::kBFloat16);
  const EstimatorPlan together =
      plan(estimator, random_conditions(lengths_), at::tensor({0.25F, 1.0F}));
  const at::Tensor x = noise({2, lengths_.back(), 80}, 4);
  const at::Tensor fields = estimate(estimator, together, 0, x);
  for (int64_t row = 0; row < 2; ++row) {
    const int64_t length = lengths_[static_cast<size_t>(row)];
    const at::Tensor alone =
        estimate(estimator, row_of(together, row), 0, x.narrow(0, row, 1).narrow(1, 0, length));
    EXPECT_TRUE(at::equal(alone, fields.narrow(1, row, 1).narrow(2, 0, length))) << row;
  }
}

TEST_F(FrameModels, TheConditionalHalfHasItsBitsWithoutTheOther) {
  const Estimator estimator = tiny_estimator(at::kBFloat16);
  const EstimatorPlan guided = plan(estimator, random_conditions({61}), at::tensor({0.25F, 1.0F}));
  const at::Tensor x = noise({1, 61, 80}, 4);
  const at::Tensor both = estimate(estimator, guided, 0, x);
  const at::Tensor half = estimate(estimator, without_guidance(guided), 0, x);
  EXPECT_EQ(half.sizes(), at::IntArrayRef({1, 1, 61, 80}));
  EXPECT_TRUE(at::equal(half[0], both[0]));
}

TEST_F(FrameModels, TheNumberOfThreadsChangesNoBit) {
  const Estimator estimator = tiny_estimator(at::kBFloat16);
  const EstimatorPlan made = plan(estimator, random_conditions({140}), at::tensor({0.25F, 1.0F}));
  const at::Tensor x = noise({1, 140, 80}, 4);
  const int threads = at::get_num_threads();
  std::vector<at::Tensor> fields;
  for (const int count : {1, 2, 3, 16}) {  // more than heads
    at::set_num_threads(count);
    fields.push_back(estimate(estimator, made, 0, x));
  }
  at::set_num_threads(threads);
  for (const at::Tensor& field : fields) EXPECT_TRUE(at::equal(field, fields.front()));
}

// 3e-3 was measured.
TEST_F(FrameModels, TheConformerIsNearFp32AndARowHasItsBitsInAnyBatch) {
  const TokenEncoder wide = read_token_encoder(tiny_flow(at::kFloat));
  const TokenEncoder narrow = read_token_encoder(tiny_flow(at::kBFloat16));
  ASSERT_NE(narrow.frame_conformer.frames, nullptr);
  const at::Tensor x = noise({2, lengths_.back(), 128}, 5);
  const FrameMask mask = make_frame_mask(lengths_, c10::kCPU);
  const at::Tensor together = run_layers(narrow.frame_conformer, x, mask);
  const at::Tensor expected = run_layers(wide.frame_conformer, x, mask);
  for (int64_t row = 0; row < 2; ++row) {
    const int64_t length = lengths_[static_cast<size_t>(row)];
    const auto part = [&](const at::Tensor& y) { return y.narrow(0, row, 1).narrow(1, 0, length); };
    EXPECT_LE(relative(part(together), part(expected)), 4 * 3e-3) << row;
    const at::Tensor alone =
        run_layers(narrow.frame_conformer, part(x), make_frame_mask({length}, c10::kCPU));
    EXPECT_TRUE(at::equal(alone, part(together))) << row;
  }
}

SnakeResblock random_resblock(int64_t channels, int64_t kernel) {
  SnakeResblock block;
  uint64_t seed = 10;
  for (const int64_t dilation : {1, 3, 5}) {
    const auto conv = [&](int64_t dilated) {
      FrameConv layer;
      layer.weight = to_frames(noise({channels, channels, kernel}, ++seed).mul(0.05));
      layer.bias = noise({channels}, ++seed).mul(0.1);
      layer.dilation = dilated;
      layer.padding = (kernel - 1) * dilated / 2;
      return layer;
    };
    const auto activation = [&] {
      const at::Tensor alpha = noise({channels}, ++seed).abs().add(0.5);
      return Snake{alpha, alpha.reciprocal()};
    };
    block.layers.push_back({activation(), conv(dilation), activation(), conv(1)});
  }
  return block;
}

// 6.2e-3 was measured.
TEST_F(FrameModels, TheResblockIsNearFp32AndARowHasItsBitsInAnyBatch) {
  const SnakeResblock wide = random_resblock(64, 7);
  SnakeResblock narrow = wide;
  narrow_convs(narrow);
  ASSERT_NE(narrow.frames, nullptr);
  at::Tensor x = to_frames(noise({2, 64, lengths_.back()}, 6));
  const at::Tensor last = resblock(wide, x.narrow(0, 1, 1), make_frame_mask({140}, c10::kCPU));
  x[0].narrow(2, lengths_[0], lengths_[1] - lengths_[0]).fill_(kNan);
  const at::Tensor together = resblock(narrow, x, make_frame_mask(lengths_, c10::kCPU));
  EXPECT_EQ(together.sizes(), x.sizes());
  EXPECT_LE(relative(together[1], last[0]), 4 * 6.2e-3);
  for (int64_t row = 0; row < 2; ++row) {
    const int64_t length = lengths_[static_cast<size_t>(row)];
    const auto part = [&](const at::Tensor& y) { return y.narrow(0, row, 1).narrow(3, 0, length); };
    const at::Tensor alone = resblock(narrow, part(x), make_frame_mask({length}, c10::kCPU));
    EXPECT_TRUE(at::equal(alone, part(together))) << row;
  }
}

// Buffers are made for the sizes of the first block.
TEST_F(FrameModels, BlocksOfDifferentSizesAreNotForTheKernels) {
  Estimator estimator = tiny_estimator(at::kFloat);
  EXPECT_TRUE(fits_kernels(estimator));
  TransformerBlock& block = estimator.middle.back().transformers.back();
  block.inner =
      nn::make_linear(at::zeros({2 * block.inner.outputs(), block.inner.inputs()}), {}, {});
  EXPECT_FALSE(fits_kernels(estimator));
  Conformer conformer = read_token_encoder(tiny_flow(at::kFloat)).frame_conformer;
  EXPECT_TRUE(fits_kernels(conformer));
  ConformerLayer other = conformer.layers.back();
  other.inner = nn::make_linear(at::zeros({64, other.inner.inputs()}), {}, {});
  conformer.layers.push_back(other);
  EXPECT_FALSE(fits_kernels(conformer));
}

TEST_F(FrameModels, SizesThatTheKernelsDoNotTakeStayAsTheyAre) {
  SnakeResblock block = random_resblock(24, 3);
  narrow_convs(block);
  EXPECT_EQ(block.frames, nullptr);
  EXPECT_EQ(block.layers.size(), 3U);
}

}  // namespace
}  // namespace chatterbox::s3gen
