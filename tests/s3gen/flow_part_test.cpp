// Parts of an utterance through the flow, as streams ask for them, with noise by frame.
#include <ATen/Functions.h>
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "s3gen/flow.h"
#include "s3gen/flow_noise.h"
#include "support/synthetic/synthetic.h"
#include "support/tensors.h"

namespace chatterbox::s3gen {
namespace {

using testing::max_abs;
using testing::noise;
using testing::seeded;
using testing::values;

constexpr uint64_t kSeed = 9;
constexpr int64_t kPromptTokens = 12;

struct Kind {
  const char* model;
  at::ScalarType type;
};

// Of both kinds of flow, in both precisions.
class FlowParts : public ::testing::TestWithParam<Kind> {
 protected:
  FlowParts() {
    voice_.s3gen_tokens = some_tokens(kPromptTokens, 1);
    voice_.s3gen_mel = values<float>(noise({2 * kPromptTokens, 80}, 2));
    voice_.x_vector = values<float>(noise({192}, 3));
  }
  static std::vector<int64_t> some_tokens(int64_t count, uint64_t seed) {
    return values<int64_t>(at::randint(6561, {count}, seeded(seed), at::kLong));
  }
  // Of the tokens [part.first, seen) of the utterance.
  [[nodiscard]] FlowRow row(int64_t seen, FlowPart part) const {
    FlowRow row{{tokens_.begin() + part.first, tokens_.begin() + seen}, &voice_, {}, {}, kSeed};
    row.part = std::move(part);
    return row;
  }
  [[nodiscard]] at::Tensor mel(const FlowRow& row) const {
    std::vector<FlowRow> rows = {row};
    return tokens_to_mel(*flow_, rows, {2, {}, {}}).front();
  }
  [[nodiscard]] at::Tensor whole() const { return mel(row(count(), {})); }
  [[nodiscard]] int64_t count() const { return static_cast<int64_t>(tokens_.size()); }

  const std::shared_ptr<const Flow> flow_ = load_flow(
      nn::WeightReader(testing::make_synthetic(GetParam().model, testing::SyntheticSize::kTiny),
                       {at::kCPU, GetParam().type}));
  const std::vector<int64_t> tokens_ = some_tokens(40, 4);
  voice::Conditionals voice_;
};

TEST_P(FlowParts, OneThatIsAllHasTheBitsOfTheWhole) {
  EXPECT_TRUE(at::equal(mel(row(40, {0, 0, 40, true, {}})), whole()));
  EXPECT_EQ(whole().sizes(), at::IntArrayRef({80, 80}));
}

TEST_P(FlowParts, TheSeedDecidesAndNothingIsDrawn) {
  FlowRow other = row(40, {});
  other.noise_seed = kSeed + 1;
  EXPECT_FALSE(at::equal(mel(other), whole()));
  other = row(40, {});
  other.generator = seeded(3);
  EXPECT_TRUE(at::equal(mel(other), whole()));
  EXPECT_EQ(other.generator.current_seed(), 3);
}

// All on both sides is known: what is wanted of it is a matter of cutting.
TEST_P(FlowParts, WhatIsWantedIsCutFromTheWhole) {
  EXPECT_TRUE(at::equal(mel(row(40, {0, 10, 25, true, {}})), whole().narrow(1, 20, 30)));
  EXPECT_TRUE(at::equal(mel(row(40, {0, 30, -1, true, {}})), whole().narrow(1, 60, 20)));
}

// The last three tokens are seen by those before them, and have no frames.
TEST_P(FlowParts, TokensAfterThoseThatAreLookedAtChangeNothing) {
  const at::Tensor part = mel(row(23, {0, 0, 20, false, {}}));
  EXPECT_EQ(part.sizes(), at::IntArrayRef({80, 40}));
  FlowRow other = row(23, {0, 0, 20, false, {}});
  other.speech_tokens.back() = (other.speech_tokens.back() + 1) % 6561;
  EXPECT_FALSE(at::equal(mel(other), part));
  EXPECT_FALSE(at::equal(mel(row(20, {0, 0, 20, true, {}})), part));
}

// A window has the noise of its place: what it begins with is nearly what the whole has there.
TEST_P(FlowParts, AWindowHasTheNoiseOfItsPlace) {
  const at::Tensor expected = whole().narrow(1, 60, 20);
  const at::Tensor window = mel(row(40, {20, 10, 20, true, {}}));
  ASSERT_EQ(window.sizes(), expected.sizes());
  FlowRow displaced = row(40, {20, 10, 20, true, {}});
  displaced.part.first = 21;
  const auto distance = [&](const at::Tensor& x) {
    return x.sub(expected).abs().mean().item<double>();
  };
  EXPECT_LT(distance(window), distance(mel(displaced)) / 2);
}

TEST_P(FlowParts, AConditionCounts) {
  const FlowPart part{20, 10, 20, true, {}};
  FlowPart conditioned = part;
  conditioned.condition = whole().narrow(1, 50, 10);
  const at::Tensor with = mel(row(40, conditioned));
  EXPECT_FALSE(at::equal(with, mel(row(40, part))));
  conditioned.condition = at::zeros({80, 10});
  EXPECT_TRUE(at::equal(mel(row(40, conditioned)), mel(row(40, part))));
}

// Of a padded batch, as a GPU runs it: parts of different utterances and wholes together.
TEST_P(FlowParts, ARowOfAPaddedBatchIsTheRowAlone) {
  const std::vector<FlowRow> alone = {row(23, {0, 0, 20, false, {}}), row(40, {}),
                                      row(40, {20, 10, 20, true, {}})};
  std::vector<FlowRow> rows = alone;
  const std::vector<at::Tensor> mels = flow_padded(*flow_, rows, {2, {}, {}});
  for (size_t i = 0; i < alone.size(); ++i) {
    EXPECT_LE(max_abs(mels[i], mel(alone[i])), GetParam().type == at::kFloat ? 1e-4 : 0.2) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Models, FlowParts,
                         ::testing::Values(Kind{"s3gen", at::kFloat}, Kind{"s3gen", at::kBFloat16},
                                           Kind{"s3gen_meanflow", at::kFloat}),
                         [](const auto& kind) {
                           return std::string(kind.param.model) +
                                  (kind.param.type == at::kFloat ? "Fp32" : "Bf16");
                         });

// What a voice has more than its tokens ask for is taken from the first chunk alone.
TEST(FlowPart, AVoiceWithAFrameMoreShortensTheFirstChunk) {
  const auto flow = load_flow(
      nn::WeightReader(testing::make_synthetic("s3gen", testing::SyntheticSize::kTiny), {}));
  voice::Conditionals voice;
  voice.s3gen_tokens = {1, 2, 3, 4};
  voice.s3gen_mel = values<float>(noise({9, 80}, 2));
  voice.x_vector = values<float>(noise({192}, 3));
  const auto frames = [&](std::vector<int64_t> tokens, const FlowPart& part) {
    std::vector<FlowRow> rows = {{std::move(tokens), &voice, {}, {}, kSeed, part}};
    return tokens_to_mel(*flow, rows, {1, {}, {}}).front().size(1);
  };
  EXPECT_EQ(frames({5, 6, 7, 8, 9, 10}, {}), 11);
  EXPECT_EQ(frames({5, 6, 7, 8, 9, 10}, {0, 0, 2, false, {}}), 3);
  EXPECT_EQ(frames({5, 6, 7, 8, 9, 10}, {0, 2, 6, true, {}}), 8);
  EXPECT_EQ(frames({6, 7, 8, 9, 10}, {1, 1, 5, true, {}}), 8);
}

TEST(NoiseByFrame, DependsOnThePlaceAlone) {
  const at::Tensor whole = noise_by_frame(kSeed, 10, 0, 50);
  ASSERT_EQ(whole.sizes(), at::IntArrayRef({80, 50}));
  const at::Tensor part = noise_by_frame(kSeed, 10, 7, 30);
  EXPECT_TRUE(at::equal(part.narrow(1, 0, 10), whole.narrow(1, 0, 10)));
  EXPECT_TRUE(at::equal(part.narrow(1, 10, 20), whole.narrow(1, 17, 20)));
  // Another voice's length leaves the speech's noise as it is.
  EXPECT_TRUE(at::equal(noise_by_frame(kSeed, 3, 0, 43).narrow(1, 3, 40), whole.narrow(1, 10, 40)));
}

}  // namespace
}  // namespace chatterbox::s3gen
