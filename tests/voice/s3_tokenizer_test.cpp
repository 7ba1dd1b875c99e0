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
    return at::rand({1, 128, frames}, generator, at::kFloat).mul_(2.0).sub_(1.0);
  }
  at::Tensor alone(const at::Tensor& row) const {
    return s3_tokens(tokenizer_, row, at::tensor({row.size(2)})).ids[0];
  }
  S3Tokenizer tokenizer_ = load_s3_tokenizer(testing::tiny_reader("s3gen").scope("tokenizer"));
};

TEST_F(S3TokenizerTest, OneTokenForFourFramesRoundedUp) {
  for (const auto& [frames, tokens] : std::vector<std::pair<int64_t, int64_t>>{
           {1, 1}, {3, 1}, {4, 1}, {5, 2}, {50, 13}, {600, 150}, {3000, 750}}) {
    EXPECT_EQ(alone(mel(frames, 1)).size(0), tokens) << frames;
  }
}

TEST_F(S3TokenizerTest, ARowOfAMaskedBatchIsTheRowAlone) {
  const std::vector<int64_t> lengths{200, 37, 4, 121};
  // Beyond its length a row holds loud noise, not zeros.
  const at::Tensor mels = at::cat({mel(200, 1), mel(200, 2), mel(200, 3), mel(200, 4)}, 0).mul_(3.0);
  const S3Tokens together = s3_tokens(tokenizer_, mels, at::tensor(lengths));
  for (size_t i = 0; i < lengths.size(); ++i) {
    const auto row = static_cast<int64_t>(i);
    const at::Tensor expected = alone(mels.narrow(0, row, 1).narrow(2, 0, lengths[i]));
    ASSERT_EQ(together.lengths[row].item<int64_t>(), expected.size(0)) << i;
    EXPECT_TRUE(at::equal(together.ids[row].narrow(0, 0, expected.size(0)), expected)) << i;
    EXPECT_TRUE(expected.lt(6561).all().item<bool>() && expected.ge(0).all().item<bool>());
  }
  EXPECT_GT(std::get<0>(at::_unique(together.ids)).numel(), 20);  // no constant passes for a match
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
