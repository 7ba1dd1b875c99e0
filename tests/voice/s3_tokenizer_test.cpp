#include "voice/s3_tokenizer.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "support/error.h"
#include "voice/tiny_models.h"

namespace chatterbox::voice {
namespace {

int64_t id_of(std::initializer_list<float> projected) {
  return quantise(at::tensor(std::vector<float>(projected)).unsqueeze(0)).item<int64_t>();
}

// Digits in base 3, the first number is the lowest: below -0.55 is 0, above 0.55 is 2.
TEST(QuantiseTest, ByHand) {
  EXPECT_EQ(id_of({0, 0, 0, 0, 0, 0, 0, 0}), 3280);  // 1 + 3 + 9 + ... + 2187
  EXPECT_EQ(id_of({-9, -9, -9, -9, -9, -9, -9, -9}), 0);
  EXPECT_EQ(id_of({9, 9, 9, 9, 9, 9, 9, 9}), 6560);
  EXPECT_EQ(id_of({9, -9, -9, -9, -9, -9, -9, -9}), 2);
  EXPECT_EQ(id_of({-9, 0, -9, -9, -9, -9, -9, 9}), 3 + 2 * 2187);
  // tanh(0.5493) * 0.999 is just under one half, tanh(0.5513) * 0.999 just over.
  EXPECT_EQ(id_of({0.5493F, -9, -9, -9, -9, -9, -9, -9}), 1);
  EXPECT_EQ(id_of({0.5513F, -9, -9, -9, -9, -9, -9, -9}), 2);
}

class S3TokenizerTest : public ::testing::Test {
 protected:
  static at::Tensor mel(int64_t frames, uint64_t seed) {
    auto generator = at::detail::createCPUGenerator(seed);
    return at::rand({128, frames}, generator, at::kFloat).mul_(6.0).sub_(3.0);
  }
  at::Tensor alone(const at::Tensor& clip) const { return s3_tokens(tokenizer_, {clip}).at(0); }
  S3Tokenizer tokenizer_ = load_s3_tokenizer(testing::tiny_reader("s3gen").scope("tokenizer"));
};

TEST_F(S3TokenizerTest, OneTokenForFourFramesRoundedUp) {
  for (const auto& [frames, tokens] : std::vector<std::pair<int64_t, int64_t>>{
           {1, 1}, {3, 1}, {4, 1}, {5, 2}, {50, 13}, {600, 150}, {3000, 750}}) {
    EXPECT_EQ(alone(mel(frames, 1)).size(0), tokens) << frames;
  }
}

TEST_F(S3TokenizerTest, AClipAmongOthersIsTheClipAlone) {
  const std::vector<at::Tensor> mels{mel(200, 1), mel(37, 2), mel(4, 3), mel(121, 4)};
  const std::vector<at::Tensor> together = s3_tokens(tokenizer_, mels);
  ASSERT_EQ(together.size(), mels.size());
  for (size_t i = 0; i < mels.size(); ++i) {
    EXPECT_TRUE(at::equal(together[i], alone(mels[i]))) << i;
    EXPECT_TRUE(together[i].lt(6561).all().item<bool>() && together[i].ge(0).all().item<bool>());
  }
  // No constant passes for a match.
  EXPECT_GT(std::get<0>(at::_unique(at::cat(together))).numel(), 20);
}

TEST_F(S3TokenizerTest, MoreThanThirtySecondsAreRefused) {
  try {
    alone(mel(3001, 1));
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::kBadAudio);
    EXPECT_NE(std::string(error.what()).find("3001"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace chatterbox::voice
