#include "engine/speech_tokens.h"

#include <gtest/gtest.h>

namespace chatterbox::engine {
namespace {

using Tokens = std::vector<int64_t>;

TEST(ValidSpeechTokens, StopsBeforeTheEndOfSpeech) {
  EXPECT_EQ(valid_speech_tokens({5, 6, 6562}), (Tokens{5, 6}));
  EXPECT_EQ(valid_speech_tokens({5, 6562, 7}), (Tokens{5}));
}

TEST(ValidSpeechTokens, OneStartDropsWhatCameBefore) {
  EXPECT_EQ(valid_speech_tokens({5, 6561, 7, 8, 6562}), (Tokens{7, 8}));
}

TEST(ValidSpeechTokens, TwoStartsAreFilteredOnly) {
  EXPECT_EQ(valid_speech_tokens({5, 6561, 7, 6561, 8}), (Tokens{5, 7, 8}));
}

TEST(ValidSpeechTokens, DropsIdsThatS3GenDoesNotKnow) {
  EXPECT_EQ(valid_speech_tokens({6560, 6563, 8193, 0}), (Tokens{6560, 0}));
  EXPECT_TRUE(valid_speech_tokens({6562}).empty());
  EXPECT_TRUE(valid_speech_tokens({}).empty());
}

}  // namespace
}  // namespace chatterbox::engine
