// The layers of the flow by themselves, against formulas written out.
#include <ATen/Functions.h>
#include <gtest/gtest.h>

#include <cmath>

#include "nn/linear_parts.h"
#include "s3gen/causal_conv.h"
#include "s3gen/estimator.h"
#include "s3gen/euler_solver.h"
#include "s3gen/relative_attention.h"
#include "support/synthetic/synthetic.h"
#include "support/tensors.h"

namespace chatterbox::s3gen {
namespace {

using testing::max_abs;
using testing::noise;

// 1 - cos(pi t / 2) at t = 0, 1/4, 1/2, 3/4, 1.
TEST(CosineSchedule, StartsWithSmallSteps) {
  const at::Tensor times = cosine_schedule(4);
  ASSERT_EQ(times.size(0), 5);
  const auto* t = times.const_data_ptr<float>();
  EXPECT_FLOAT_EQ(t[0], 0.0F);
  EXPECT_NEAR(t[1], 0.0761205, 1e-6);
  EXPECT_NEAR(t[2], 0.2928932, 1e-6);
  EXPECT_NEAR(t[3], 0.6173166, 1e-6);
  EXPECT_NEAR(t[4], 1.0, 1e-6);
}

TEST(LinearSchedule, HasEqualSteps) {
  EXPECT_TRUE(at::equal(linear_schedule(2), at::tensor({0.0F, 0.5F, 1.0F})));
}

// Row d stands for the distance T - 1 - d; channels are sine and cosine by turns, of rates
// 10000^(-2 i / C).
TEST(RelativePositions, AreSinusoidsOfTheDistance) {
  const at::Tensor positions = relative_positions(3, position_rates(4));
  ASSERT_EQ(positions.sizes(), at::IntArrayRef({5, 4}));
  for (int64_t row = 0; row < 5; ++row) {
    const double distance = 2.0 - static_cast<double>(row);
    const auto* values = positions[row].const_data_ptr<float>();
    EXPECT_NEAR(values[0], std::sin(distance), 1e-6);
    EXPECT_NEAR(values[1], std::cos(distance), 1e-6);
    EXPECT_NEAR(values[2], std::sin(distance / 100), 1e-6);
    EXPECT_NEAR(values[3], std::cos(distance / 100), 1e-6);
  }
}

// The same bits on every CPU: an exponential in double, rounded once.
TEST(RelativePositions, HaveRatesThatAreRoundedOnce) {
  constexpr int64_t kSize = 512;
  const at::Tensor rates = at::empty({kSize / 2}, at::kFloat);
  for (int64_t i = 0; i < kSize / 2; ++i) {
    const auto exponent =
        static_cast<float>(-std::log(10000.0) / kSize) * static_cast<float>(2 * i);
    rates[i] = static_cast<float>(std::exp(static_cast<double>(exponent)));
  }
  const at::Tensor positions = relative_positions(2, position_rates(kSize));
  EXPECT_TRUE(at::equal(positions[0].view({-1, 2}).select(1, 0), at::sin(rates)));  // distance 1
}

RelativeAttention random_attention(int64_t size) {
  const auto linear = [&](uint64_t seed) {
    return nn::make_linear(noise({size, size}, seed).mul(0.2), noise({size}, seed + 100), {});
  };
  RelativeAttention a;
  a.query = linear(1);
  a.key = linear(2);
  a.value = linear(3);
  a.out = linear(4);
  a.position = nn::make_linear(noise({size, size}, 5).mul(0.2), {}, {});
  a.content_bias = noise({size / 64, 64}, 6);
  a.position_bias = noise({size / 64, 64}, 7);
  return a;
}

// ((q + u) k + (q + v) p(i - j)) / 8, softmax, times v: one score at a time.
TEST(RelativeAttention, EqualsItsFormula) {
  const int64_t frames = 5;
  const int64_t size = 128;
  const RelativeAttention a = random_attention(size);
  const at::Tensor x = noise({1, frames, size}, 8);
  const at::Tensor positions = relative_positions(frames, position_rates(size));
  const auto apply = [](const at::Tensor& in, const nn::Linear& l) {
    return at::linear(in, nn::parts_of(l).weight, l.bias());
  };
  const at::Tensor q = apply(x[0], a.query).view({frames, 2, 64});
  const at::Tensor k = apply(x[0], a.key).view({frames, 2, 64});
  const at::Tensor v = apply(x[0], a.value).view({frames, 2, 64});
  const at::Tensor p = apply(positions, a.position).view({2 * frames - 1, 2, 64});
  at::Tensor out = at::zeros({frames, 2, 64});
  for (int64_t h = 0; h < 2; ++h) {
    for (int64_t i = 0; i < frames; ++i) {
      at::Tensor scores = at::zeros({frames});
      for (int64_t j = 0; j < frames; ++j) {
        const at::Tensor content = q[i][h].add(a.content_bias[h]).dot(k[j][h]);
        const at::Tensor where = q[i][h].add(a.position_bias[h]).dot(p[frames - 1 - (i - j)][h]);
        scores[j].copy_(content.add(where).div(8));
      }
      out[i][h].copy_(at::matmul(scores.softmax(0), v.select(1, h)));
    }
  }
  const at::Tensor expected = apply(out.view({frames, size}), a.out);
  EXPECT_LE(max_abs(attend(a, x, positions, {})[0], expected), 1e-4);  // measured: 2.7e-5
}

TEST(RelativeAttention, DoesNotSeeThePadding) {
  const RelativeAttention a = random_attention(64);
  at::Tensor x = noise({1, 6, 64}, 9);
  const FrameMask mask = make_frame_mask({4, 6}, c10::kCPU);
  const at::Tensor padding = attention_padding(mask, at::kFloat).narrow(0, 0, 1);
  const at::Tensor positions = relative_positions(6, position_rates(64));
  const at::Tensor before = attend(a, x, positions, padding).narrow(1, 0, 4);
  x.narrow(1, 4, 2).fill_(3.0);
  EXPECT_TRUE(at::equal(attend(a, x, positions, padding).narrow(1, 0, 4), before));
}

TEST(CausalConv, SeesItselfAndWhatCameBefore) {
  FrameConv conv;
  conv.weight = to_frames(at::tensor({1.0F, 10.0F, 100.0F}).view({1, 1, 3}));
  conv.bias = at::tensor({0.5F});
  const at::Tensor x = at::tensor({1.0F, 2.0F, 3.0F, 4.0F}).view({1, 4, 1});
  const at::Tensor y = causal_conv(conv, x).flatten();
  EXPECT_TRUE(at::equal(y, at::tensor({100.5F, 210.5F, 321.5F, 432.5F})));
}

Estimator tiny_estimator(const char* file = "s3gen") {
  const nn::WeightReader reader(testing::make_synthetic(file, testing::SyntheticSize::kTiny), {});
  return read_estimator(reader.scope("flow").scope("decoder").scope("estimator"));
}

FlowConditions random_conditions(int64_t frames) {
  return {noise({1, frames, 80}, 1), noise({1, 80}, 2), noise({1, frames, 80}, 3),
          make_frame_mask({frames}, c10::kCPU)};
}

// Taking the fixed part of the input out of the steps changes nothing but rounding.
TEST(Estimator, TheSplitInputAddsUpToTheWholeOne) {
  const Estimator estimator = tiny_estimator();
  const FlowConditions conditions = random_conditions(11);
  const EstimatorPlan made = plan(estimator, conditions, at::tensor({0.25F, 1.0F}));
  const at::Tensor x = noise({1, 11, 80}, 4);
  const at::Tensor speaker = conditions.speaker.unsqueeze(1).expand({1, 11, 80});
  const at::Tensor whole = at::cat({x, conditions.mu, speaker, conditions.prompt}, 2);
  const at::Tensor nothing = at::zeros({1, 11, 240});
  const CausalResnet& resnet = estimator.down.resnet;
  const at::Tensor state = causal_conv(estimator.state_conv, x);
  EXPECT_LE(max_abs(made.convolved[0].add(state), causal_conv(resnet.block1.conv, whole)), 1e-5);
  EXPECT_LE(max_abs(made.convolved[1].add(state),
                    causal_conv(resnet.block1.conv, at::cat({x, nothing}, 2))),
            1e-5);
  EXPECT_LE(max_abs(made.shortcut[0].add(nn::linear(x, estimator.state_shortcut)),
                    nn::linear(whole, resnet.shortcut)),
            1e-5);
}

// With a field that stands still, the steps add up to the whole way: x + field * (t_end - t_0).
TEST(EulerSolver, StepsAddUpToTheTimes) {
  Estimator still = tiny_estimator();
  still.project = nn::make_linear(at::zeros({80, still.project.inputs()}), at::full({80}, 2.0), {});
  const at::Tensor x = noise({1, 6, 80}, 5);
  EulerSolver solver(still, random_conditions(6), cosine_schedule(3), 3, x);
  for (int64_t step = 0; step < 3; ++step) solver.advance(step);
  // The guided field is (1 + 0.7) * 2 - 0.7 * 2.
  EXPECT_LE(max_abs(solver.x(), x.add(2.0)), 1e-5);
}

TEST(EulerSolver, GuidesAwayFromTheUnconditionalField) {
  const Estimator estimator = tiny_estimator();
  const FlowConditions conditions = random_conditions(6);
  const at::Tensor times = cosine_schedule(1);
  const at::Tensor x = noise({1, 6, 80}, 5);
  const at::Tensor field = estimate(estimator, plan(estimator, conditions, times), 0, x);
  EXPECT_GT(max_abs(field[0], field[1]), 1e-3);
  EulerSolver solver(estimator, conditions, times, 1, x);
  solver.advance(0);
  const at::Tensor expected = x.add(field[0].mul(1.7)).sub(field[1].mul(0.7));
  EXPECT_LE(max_abs(solver.x(), expected), 1e-5);
}

TEST(EulerSolver, GuidesInTheFirstStepsAlone) {
  const Estimator estimator = tiny_estimator();
  const FlowConditions conditions = random_conditions(6);
  const at::Tensor times = cosine_schedule(4);
  const EstimatorPlan made = plan(estimator, conditions, times);
  at::Tensor x = noise({1, 6, 80}, 5);
  EulerSolver solver(estimator, conditions, times, 2, x);
  for (int64_t step = 0; step < 4; ++step) {
    const at::Tensor field = estimate(estimator, made, step, x);
    const at::Tensor guided = field[0].mul(1.7).sub(field[1].mul(0.7));
    const at::Tensor dt = times[step + 1] - times[step];
    x = x.add((step < 2 ? guided : field[0]).mul(dt));
    solver.advance(step);
    EXPECT_LE(max_abs(solver.x(), x), 2e-5) << step;
  }
}

// The mixer takes [start | end]. With the one half an identity and the other zeros, a mean flow is
// the plain model's conditional half, at the start or at the end.
TEST(MeanFlow, MixesTheTimesOfStartAndEnd) {
  Estimator estimator = tiny_estimator("s3gen_meanflow");
  ASSERT_TRUE(meanflow(estimator));
  Estimator plain = estimator;
  plain.time_mixer = {};
  ASSERT_FALSE(meanflow(plain));
  const FlowConditions conditions = random_conditions(6);
  const at::Tensor x = noise({1, 6, 80}, 5);
  const at::Tensor one = at::eye(estimator.time_mixer.outputs());
  const at::Tensor zero = at::zeros_like(one);
  const auto field = [&](const Estimator& model, const at::Tensor& times) {
    return estimate(model, plan(model, conditions, times), 0, x);
  };
  const at::Tensor times = at::tensor({0.25F, 0.75F});
  estimator.time_mixer = nn::make_linear(at::cat({one, zero}, 1), {}, {});
  EXPECT_LE(max_abs(field(estimator, times)[0], field(plain, times)[0]), 1e-5);
  estimator.time_mixer = nn::make_linear(at::cat({zero, one}, 1), {}, {});
  EXPECT_LE(max_abs(field(estimator, times)[0], field(plain, at::tensor({0.75F, 1.0F}))[0]), 1e-5);
  EXPECT_GT(max_abs(field(estimator, times)[0], field(plain, times)[0]), 1e-3);
}

TEST(MeanFlow, StepsWithoutGuidance) {
  const Estimator estimator = tiny_estimator("s3gen_meanflow");
  const FlowConditions conditions = random_conditions(6);
  const at::Tensor times = linear_schedule(2);
  const at::Tensor x = noise({1, 6, 80}, 5);
  const EstimatorPlan made = plan(estimator, conditions, times);
  const at::Tensor field = estimate(estimator, made, 0, x);
  ASSERT_EQ(field.sizes(), at::IntArrayRef({1, 1, 6, 80}));
  const at::Tensor half_way = x.add(field[0].mul(0.5));
  const at::Tensor expected = half_way.add(estimate(estimator, made, 1, half_way)[0].mul(0.5));
  EulerSolver solver(estimator, conditions, times, 2, x);
  solver.advance(0);
  solver.advance(1);
  EXPECT_LE(max_abs(solver.x(), expected), 1e-5);
}

}  // namespace
}  // namespace chatterbox::s3gen
