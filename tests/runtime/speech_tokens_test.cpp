#include "runtime/speech_tokens.h"

#include <gtest/gtest.h>

namespace chatterbox::runtime {
namespace {

using Tokens = std::vector<int64_t>;

constexpr int64_t kAll = 6561;

TEST(ValidSpeechTokens, StopsBeforeTheEndOfSpeech) {
  EXPECT_EQ(valid_speech_tokens({5, 6, 6562}, kAll), (Tokens{5, 6}));
  EXPECT_EQ(valid_speech_tokens({5, 6562, 7}, kAll), (Tokens{5}));
}

TEST(ValidSpeechTokens, OneStartDropsWhatCameBefore) {
  EXPECT_EQ(valid_speech_tokens({5, 6561, 7, 8, 6562}, kAll), (Tokens{7, 8}));
}

TEST(ValidSpeechTokens, TwoStartsAreFilteredOnly) {
  EXPECT_EQ(valid_speech_tokens({5, 6561, 7, 6561, 8}, kAll), (Tokens{5, 7, 8}));
}

TEST(ValidSpeechTokens, DropsIdsThatS3GenDoesNotKnow) {
  EXPECT_EQ(valid_speech_tokens({6560, 6563, 8193, 0}, kAll), (Tokens{6560, 0}));
  EXPECT_EQ(valid_speech_tokens({728, 729, 0}, 729), (Tokens{728, 0}));
  EXPECT_TRUE(valid_speech_tokens({6562}, kAll).empty());
  EXPECT_TRUE(valid_speech_tokens({}, kAll).empty());
}

TEST(TurboSpeechTokens, EndInSilenceWhereTheModelHasIt) {
  EXPECT_EQ(turbo_speech_tokens({5, 6562, 7}, kAll), (Tokens{5, 7, 4299, 4299, 4299}));
  EXPECT_EQ(turbo_speech_tokens({5, 4299}, 4299), (Tokens{5}));
  EXPECT_TRUE(turbo_speech_tokens({6562}, kAll).empty());
}

}  // namespace
}  // namespace chatterbox::runtime
