// Each processor with numbers worked out by hand.
#include "t3/sampler.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace chatterbox::t3 {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

at::Tensor rows(std::vector<std::vector<float>> values) {
  std::vector<at::Tensor> rows;
  for (const std::vector<float>& row : values) rows.push_back(at::tensor(row, at::kFloat));
  return at::stack(rows);
}

// One option for each row, [B, 1].
at::Tensor options(const std::vector<float>& values) {
  return at::tensor(values, at::kFloat).unsqueeze(1);
}

// Which ids of each row are left: "1100".
std::vector<std::string> kept(const at::Tensor& logits) {
  std::vector<std::string> all;
  for (const at::Tensor& row : logits.unbind()) {
    std::string text;
    for (int64_t i = 0; i < row.numel(); ++i) {
      text += row[i].item<float>() == -kInfinity ? '0' : '1';
    }
    all.push_back(text);
  }
  return all;
}

using Kept = std::vector<std::string>;

TEST(Sampler, GuidancePushesAwayFromTheUnconditional) {
  const at::Tensor conditional = rows({{1, 2, -3}, {1, 2, -3}, {1, 2, -3}});
  const at::Tensor unconditional = rows({{0, 4, -3}, {0, 4, -3}, {0, 4, -3}});
  // 1 + w (1 - 0), 2 + w (2 - 4), -3 + w 0
  const at::Tensor expected = rows({{1.5, 1, -3}, {1, 2, -3}, {3, -2, -3}});
  EXPECT_TRUE(at::equal(guide(conditional, unconditional, options({0.5, 0, 2})), expected));
}

TEST(Sampler, RepetitionPenaltyDividesPositiveAndMultipliesNegativeLogits) {
  const at::Tensor logits = rows({{2, -2, 0, 3, -1}, {2, -2, 0, 3, -1}, {2, -2, 0, 3, -1}});
  const at::Tensor seen = at::tensor({1, 1, 1, 0, 0}).to(at::kBool).expand({3, 5});
  // As transformers' RepetitionPenaltyLogitsProcessor gives it for the ids 0, 1, 2, 0.
  const at::Tensor expected = rows({{1.6, -2.5, 0, 3, -1}, {4, -1, 0, 3, -1}, {2, -2, 0, 3, -1}});
  EXPECT_TRUE(at::equal(penalise_repetition(logits, seen, options({1.25, 0.5, 1})), expected));
}

// Probabilities 8, 4, 2 and 1 fifteenths; the threshold is min_p * 8/15.
TEST(Sampler, MinPKeepsWhatIsLikelyBesideTheLikeliest) {
  const at::Tensor logits = rows({{8, 4, 2, 1}, {8, 4, 2, 1}, {8, 4, 2, 1}, {8, 8, 2, 1}}).log();
  const at::Tensor filtered = keep_min_p(logits, options({0.3, 0.6, 0, 1}));
  // 2.4: 8 and 4 stay. 4.8: only 8. 0: all. 8: both 8s, a tie.
  EXPECT_EQ(kept(filtered), (Kept{"1100", "1000", "1111", "1100"}));
  EXPECT_EQ(filtered[0][1].item<float>(), logits[0][1].item<float>());  // what stays is as it was
}

// From the least likely on, what together has at most 1 - top_p goes.
TEST(Sampler, TopPKeepsTheSmallestSetThatReachesIt) {
  const std::vector<float> p = {0.4F, 0.1F, 0.3F, 0.2F};
  const at::Tensor logits = rows({p, p, p, p, p, p}).log();
  const at::Tensor filtered = keep_top_p(logits, options({0.6F, 0.75F, 0.95F, 1, 1e-4F, 0}));
  // 0.1 + 0.2 <= 0.4. 0.1 <= 0.25 < 0.1 + 0.2. 0.05 < 0.1. Nothing. All but the likeliest, twice.
  EXPECT_EQ(kept(filtered), (Kept{"1010", "1011", "1111", "1111", "1000", "1000"}));
}

// transformers' TopPLogitsWarper drops of equally likely ids those that come first.
TEST(Sampler, TopPBreaksTiesAsTransformers) {
  const std::vector<float> equal(4, 0.25F);
  EXPECT_EQ(kept(keep_top_p(rows({equal, equal}).log(), options({0.5F, 0.6F}))),
            (Kept{"0011", "0111"}));
  EXPECT_EQ(kept(keep_top_p(rows({{0.4F, 0.4F, 0.2F}}).log(), options({0.3F}))), (Kept{"010"}));
}

TEST(Sampler, TopPCountsWhatMinPHasLeft) {
  // Of 8, 4, 2, 1 min_p 0.3 leaves 8 and 4, of which 4/12 > 1 - 0.7 stays and <= 1 - 0.6 goes.
  const at::Tensor left = keep_min_p(rows({{8, 4, 2, 1}, {8, 4, 2, 1}}).log(), options({0.3, 0.3}));
  EXPECT_EQ(kept(keep_top_p(left, options({0.7F, 0.6F}))), (Kept{"1100", "1000"}));
}

// The threshold is the k-th value: what is as likely stays too.
TEST(Sampler, TopKKeepsTheLikeliest) {
  const std::vector<float> p = {3, 1, 4, 1, 5, 4};
  const auto top_k = [](std::vector<int64_t> k) { return at::tensor(k).unsqueeze(1); };
  EXPECT_EQ(kept(keep_top_k(rows({p, p, p, p, p}), top_k({1, 2, 4, 0, 100}), 100)),
            (Kept{"000010", "001011", "101011", "111111", "111111"}));
  EXPECT_EQ(kept(keep_top_k(rows({p, p}), top_k({0, 0}), 1)), (Kept{"111111", "111111"}));
}

// torch.manual_seed(seed), then torch.multinomial(p, 1) twelve times, in Python with torch 2.11.0.
TEST(Sampler, DrawsAsTorchMultinomialOfASeededGenerator) {
  const at::Tensor p =
      at::tensor({0.05F, 0.2F, 0.2F, 0.05F, 0.01F, 0.005F, 0.02F, 0.13F, 0.25F, 0.085F});
  const std::pair<uint64_t, std::vector<int64_t>> expected[] = {
      {0, {2, 1, 2, 2, 1, 8, 1, 4, 2, 3, 9, 1}},
      {7, {1, 1, 8, 1, 2, 0, 8, 2, 8, 9, 1, 9}},
      {12345678901, {9, 2, 2, 3, 3, 9, 8, 9, 7, 2, 7, 7}},
      {UINT64_MAX, {9, 8, 0, 9, 2, 8, 7, 0, 7, 9, 2, 1}}};
  for (const auto& [seed, draws] : expected) {
    const at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(seed);
    std::vector<int64_t> actual;
    for (size_t i = 0; i < draws.size(); ++i) actual.push_back(draw(p, generator));
    EXPECT_EQ(actual, draws) << seed;
  }
}

TEST(Sampler, NeverDrawsWhatHasNoProbability) {
  const at::Tensor p = at::tensor({0.0F, 0.5F, 0.0F, 0.5F, 0.0F});
  const at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(1);
  int64_t threes = 0;
  for (int i = 0; i < 2000; ++i) {
    const int64_t token = draw(p, generator);
    ASSERT_TRUE(token == 1 || token == 3) << token;
    threes += token == 3 ? 1 : 0;
  }
  EXPECT_NEAR(static_cast<double>(threes), 1000, 112);  // five standard deviations
}

}  // namespace
}  // namespace chatterbox::t3
