// S3Gen with a mean flow, Turbo's and Nano's, against the reference, and what a batch must not
// change.
#include <ATen/Functions.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "s3gen/flow.h"
#include "s3gen/flow_golden.h"
#include "s3gen/flow_noise.h"
#include "s3gen/vocoder_golden.h"
#include "support/synthetic/synthetic.h"
#include "support/tensors.h"

namespace chatterbox::s3gen {
namespace {

using testing::Golden;
using testing::max_abs;
using testing::seeded;
using testing::values;

nn::WeightReader tiny_reader() {
  return {testing::make_synthetic("s3gen_meanflow", testing::SyntheticSize::kTiny), {}};
}

const Flow& tiny_flow() {
  static const std::shared_ptr<const Flow> flow = load_flow(tiny_reader());
  return *flow;
}

// Seeded as the golden's run and past T3's draws: one for each token, and one for the end of speech
// where it came. At the limit there is one token more than the limit, and no end.
at::Generator generator_after_t3(const Golden& golden) {
  at::Generator generator = seeded(std::stoull(golden.meta("seed")));
  const at::Tensor any = at::ones({1, golden.tensor("t3.logits0").size(1)});
  const int64_t limit = std::stoll(golden.meta("max_tokens"));
  const int64_t draws = std::min(golden.tensor("t3.tokens").numel(), limit) + 1;
  for (int64_t i = 0; i < draws; ++i) (void)at::multinomial(any, 1, false, generator);
  return generator;
}

TEST(MeanFlowModel, IsToldByItsTensor) {
  EXPECT_TRUE(meanflow(tiny_flow()));
  EXPECT_EQ(default_steps(tiny_flow()), 2);
  const auto guided = load_flow(
      nn::WeightReader(testing::make_synthetic("s3gen", testing::SyntheticSize::kTiny), {}));
  EXPECT_FALSE(meanflow(*guided));
  EXPECT_EQ(default_steps(*guided), 10);
}

class MeanFlowGolden : public ::testing::TestWithParam<const char*> {
 protected:
  const Golden golden_{GetParam()};
  // Those that leave out their prompt's mel have the default's.
  const Golden mel_of_{golden_.meta("repeat") == "2"                ? "turbo_tiny_prompt375"
                       : golden_.meta("no_norm_loudness") == "True" ? "turbo_tiny_plain"
                                                                    : "turbo_tiny_default"};
};

// Largest differences as measured: mu 4e-6, mel 3e-6, source 7e-5, wave 1.9e-5.
TEST_P(MeanFlowGolden, EqualsTheReference) {
  const at::Generator generator = generator_after_t3(golden_);
  expect_equals_reference(tiny_flow(), golden_, golden_voice(golden_, mel_of_), generator);
}

TEST_P(MeanFlowGolden, ItsVocoderEqualsTheReference) {
  const auto vocoder = load_vocoder(tiny_reader());
  const at::Generator generator = generator_after_t3(golden_);
  const at::Tensor mu = golden_.tensor("s3gen.mu");
  (void)draw_meanflow_noise(generator, mu.size(0), golden_.tensor("s3gen.mel").size(1));
  const bool has_source = std::string(GetParam()) == "turbo_tiny_short";
  expect_equals_reference(*vocoder, golden_, generator,
                          has_source ? GoldenSource::kKept : GoldenSource::kLeftOut);
}

INSTANTIATE_TEST_SUITE_P(Turbo, MeanFlowGolden,
                         ::testing::Values("turbo_tiny_default", "turbo_tiny_short",
                                           "turbo_tiny_greedy", "turbo_tiny_plain",
                                           "turbo_tiny_prompt375"));

TEST(MeanFlowNoise, EqualsTheReference) {
  for (const char* name : {"turbo_tiny_default", "turbo_tiny_short", "turbo_tiny_greedy"}) {
    const Golden golden(name);
    const at::Tensor z = golden.tensor("s3gen.z");
    const int64_t speech = golden.tensor("s3gen.mel").size(1);
    const at::Tensor drawn = draw_meanflow_noise(generator_after_t3(golden), z.size(1), speech);
    // Equal but where libtorch draws without vector instructions (AVX2): its logarithms and cosines
    // differ in the last bit then.
    EXPECT_LE(max_abs(drawn, z), 8e-6) << name;  // measured: 2.1e-6
  }
}

class MeanFlowBatches : public ::testing::Test {
 protected:
  FlowRow row(size_t i) const {
    const std::vector<int64_t> lengths = {9, 31, 18};
    return {values<int64_t>(at::randint(6561, {lengths[i]}, seeded(i + 50), at::kLong)),
            &voice_,
            seeded(i),
            {}};
  }
  static std::vector<at::Tensor> mels(std::vector<FlowRow> rows) {
    return tokens_to_mel(tiny_flow(), rows, {});
  }

  const voice::Conditionals voice_ =
      golden_voice(Golden("turbo_tiny_default"), Golden("turbo_tiny_default"));
};

TEST_F(MeanFlowBatches, ARowOfABatchEqualsTheRowAlone) {
  const std::vector<at::Tensor> batch = mels({row(0), row(1), row(2)});
  ASSERT_EQ(batch.size(), 3U);
  for (size_t i = 0; i < batch.size(); ++i) {
    EXPECT_TRUE(at::equal(batch[i], mels({row(i)}).front())) << i;
  }
}

// Other sizes are other kernels, whose rounding differs: 1.8e-6 was measured.
TEST_F(MeanFlowBatches, ARowOfAPaddedBatchEqualsTheRowAlone) {
  std::vector<FlowRow> batch = {row(0), row(1), row(2)};
  const std::vector<at::Tensor> padded = flow_padded(tiny_flow(), batch, {});
  for (size_t i = 0; i < padded.size(); ++i) {
    EXPECT_LE(max_abs(padded[i], mels({row(i)}).front()), 5e-5) << i;
  }
}

TEST_F(MeanFlowBatches, TheStepsMayBeAskedFor) {
  std::vector<int64_t> steps;
  FlowOptions options;
  options.before_step = [&](int64_t step) { steps.push_back(step); };
  std::vector<FlowRow> one = {row(0)};
  const at::Tensor two_steps = tokens_to_mel(tiny_flow(), one, options).front();
  EXPECT_EQ(steps, std::vector<int64_t>({0, 1}));
  options.steps = 4;
  one = {row(0)};
  EXPECT_FALSE(at::equal(tokens_to_mel(tiny_flow(), one, options).front(), two_steps));
  EXPECT_EQ(steps.size(), 6U);
}

}  // namespace
}  // namespace chatterbox::s3gen
