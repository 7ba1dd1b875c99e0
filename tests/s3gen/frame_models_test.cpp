// S3Gen's models in bfloat16 by the CPU's kernels over frames, the estimator also with int8: near
// fp32, and each row of a batch with the bits that it has alone.
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

nn::WeightReader tiny_flow(const nn::Placement& placement) {
  const nn::WeightReader reader(testing::make_synthetic("s3gen", testing::SyntheticSize::kTiny),
                                placement);
  return reader.scope("flow");
}

Estimator tiny_estimator(const nn::Placement& placement) {
  return read_estimator(tiny_flow(placement).scope("decoder").scope("estimator"));
}

const nn::Placement kFp32, kBf16{at::kCPU, at::kBFloat16};

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

// The estimator by the kernels: in bf16 alone, or with int8.
class FrameEstimators : public FrameModels, public ::testing::WithParamInterface<bool> {
 protected:
  void SetUp() override {
    FrameModels::SetUp();
    if (IsSkipped()) return;
    nn::Placement placement = kBf16;
    placement.int8 = GetParam();
    estimator_ = tiny_estimator(placement);
    ASSERT_NE(estimator_.frames, nullptr);
    ASSERT_EQ(estimator_.frames->up.transformers.back().outer.in_int8(), GetParam());
  }

  Estimator estimator_;
};

INSTANTIATE_TEST_SUITE_P(, FrameEstimators, ::testing::Bool(),
                         [](const auto& tested) { return tested.param ? "Int8" : "Bf16"; });

// 7.2e-3 was measured in bf16, 1.1e-2 with int8.
TEST_P(FrameEstimators, AreNearFp32) {
  const Estimator wide = tiny_estimator(kFp32);
  ASSERT_EQ(wide.frames, nullptr);
  const FlowConditions conditions = random_conditions({140});
  const at::Tensor times = at::tensor({0.25F, 1.0F});
  const at::Tensor x = noise({1, 140, 80}, 4);
  EXPECT_LE(relative(estimate(estimator_, plan(estimator_, conditions, times), 0, x),
                     estimate(wide, plan(wide, conditions, times), 0, x)),
            4 * (GetParam() ? 1.1e-2 : 7.2e-3));
}

TEST_P(FrameEstimators, ARowHasItsBitsInAnyBatch) {
  const EstimatorPlan together =
      plan(estimator_, random_conditions(lengths_), at::tensor({0.25F, 1.0F}));
  const at::Tensor x = noise({2, lengths_.back(), 80}, 4);
  const at::Tensor fields = estimate(estimator_, together, 0, x);
  for (int64_t row = 0; row < 2; ++row) {
    const int64_t length = lengths_[static_cast<size_t>(row)];
    const at::Tensor alone =
        estimate(estimator_, row_of(together, row), 0, x.narrow(0, row, 1).narrow(1, 0, length));
    EXPECT_TRUE(at::equal(alone, fields.narrow(1, row, 1).narrow(2, 0, length))) << row;
  }
}

TEST_P(FrameEstimators, TheConditionalHalfHasItsBitsWithoutTheOther) {
  const EstimatorPlan guided = plan(estimator_, random_conditions({61}), at::tensor({0.25F, 1.0F}));
  const at::Tensor x = noise({1, 61, 80}, 4);
  const at::Tensor both = estimate(estimator_, guided, 0, x);
  const at::Tensor half = estimate(estimator_, without_guidance(guided), 0, x);
  EXPECT_EQ(half.sizes(), at::IntArrayRef({1, 1, 61, 80}));
  EXPECT_TRUE(at::equal(half[0], both[0]));
}

TEST_P(FrameEstimators, TheNumberOfThreadsChangesNoBit) {
  const EstimatorPlan made = plan(estimator_, random_conditions({140}), at::tensor({0.25F, 1.0F}));
  const at::Tensor x = noise({1, 140, 80}, 4);
  const int threads = at::get_num_threads();
  std::vector<at::Tensor> fields;
  for (const int count : {1, 2, 3, 16}) {  // more than heads
    at::set_num_threads(count);
    fields.push_back(estimate(estimator_, made, 0, x));
  }
  at::set_num_threads(threads);
  for (const at::Tensor& field : fields) EXPECT_TRUE(at::equal(field, fields.front()));
}

// 3e-3 was measured.
TEST_F(FrameModels, TheConformerIsNearFp32AndARowHasItsBitsInAnyBatch) {
  const TokenEncoder wide = read_token_encoder(tiny_flow(kFp32));
  const TokenEncoder narrow = read_token_encoder(tiny_flow(kBf16));
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
  Estimator estimator = tiny_estimator(kFp32);
  EXPECT_TRUE(fits_kernels(estimator));
  TransformerBlock& block = estimator.middle.back().transformers.back();
  block.inner =
      nn::make_linear(at::zeros({2 * block.inner.outputs(), block.inner.inputs()}), {}, {});
  EXPECT_FALSE(fits_kernels(estimator));
  Conformer conformer = read_token_encoder(tiny_flow(kFp32)).frame_conformer;
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
