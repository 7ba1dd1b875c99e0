// The source of a voice conversion as speech tokens, against the reference.
#include "voice/source_tokens.h"

#include <gtest/gtest.h>

#include "support/tensors.h"
#include "voice/bad_audio.h"
#include "voice/tiny_models.h"
#include "voice/voice_golden.h"

namespace chatterbox::voice {
namespace {

using testing::Golden;
using testing::recording;
using testing::repeated;

// One row of the table of windows: what each takes of the tokens of the whole.
int64_t tokens_taken(const std::vector<TokenWindow>& windows) {
  int64_t tokens = 0;
  for (const TokenWindow& w : windows) tokens += (w.frames + 3) / 4 - w.skip - w.leave;
  return tokens;
}

TEST(TokenWindows, ThirtySecondsAreOne) {
  for (const int64_t frames : {1, 4, 2999, 3000}) {
    const std::vector<TokenWindow> windows = token_windows(frames);
    ASSERT_EQ(windows.size(), 1U);
    EXPECT_EQ(windows[0].begin, 0);
    EXPECT_EQ(windows[0].frames, frames);
    EXPECT_EQ(windows[0].skip + windows[0].leave, 0);
  }
}

TEST(TokenWindows, OverlapByFourSeconds) {
  const std::vector<TokenWindow> windows = token_windows(6001);
  ASSERT_EQ(windows.size(), 3U);
  const int64_t expected[][4] = {{0, 3000, 0, 50}, {2600, 3000, 50, 50}, {5200, 801, 50, 0}};
  for (size_t i = 0; i < windows.size(); ++i) {
    EXPECT_EQ(windows[i].begin, expected[i][0]) << i;
    EXPECT_EQ(windows[i].frames, expected[i][1]) << i;
    EXPECT_EQ(windows[i].skip, expected[i][2]) << i;
    EXPECT_EQ(windows[i].leave, expected[i][3]) << i;
  }
}

// Every token of every length, once; the last window is long enough to give some of its own.
TEST(TokenWindows, LoseNothing) {
  for (int64_t frames = 1; frames < 12000; ++frames) {
    const std::vector<TokenWindow> windows = token_windows(frames);
    ASSERT_EQ(tokens_taken(windows), (frames + 3) / 4) << frames;
    ASSERT_EQ(windows.back().begin + windows.back().frames, frames);
    for (const TokenWindow& window : windows) ASSERT_LE(window.frames, 3000) << frames;
    ASSERT_TRUE(windows.size() == 1 || windows.back().frames > 396) << frames;
  }
}

class SourceTokens : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    maker_ = load_voice_maker(testing::tiny_reader("ve"), testing::tiny_reader("s3gen"));
  }
  static void TearDownTestSuite() { maker_.reset(); }
  static std::vector<int64_t> golden(const std::string& name) {
    return testing::values<int64_t>(Golden(name).tensor("vc.tokens"));
  }
  static void expect_refused(const Audio& audio, const std::string& why) {
    testing::expect_bad_audio([&] { return source_tokens(*maker_, audio); }, why);
  }

  static std::shared_ptr<const VoiceMaker> maker_;
};
std::shared_ptr<const VoiceMaker> SourceTokens::maker_;

// 22.05 kHz, 3.4 s.
TEST_F(SourceTokens, EqualTheReference) {
  EXPECT_EQ(source_tokens(*maker_, recording("espeak_f3_22k.wav")), golden("vc_tiny"));
}

// 42.3 s: two windows.
TEST_F(SourceTokens, EqualTheReferenceForALongRecording) {
  EXPECT_EQ(source_tokens(*maker_, repeated(recording("espeak_m3.wav"), 4)),
            golden("vc_tiny_long_tokens"));
}

// 52.9 s: the reference makes a third window of 0.9 s, throws its tokens away and the last 50 of
// the second one too.
TEST_F(SourceTokens, HaveTheEndThatTheReferenceLoses) {
  std::vector<int64_t> tokens = source_tokens(*maker_, repeated(recording("espeak_m3.wav"), 5));
  const std::vector<int64_t> reference = golden("vc_tiny_52s_tokens");
  ASSERT_EQ(reference.size(), 1272U);
  ASSERT_EQ(tokens.size(), 1322U);
  tokens.resize(reference.size());
  EXPECT_EQ(tokens, reference);
}

TEST_F(SourceTokens, AreReadInParts) {
  const auto parts_of = [](double seconds) {
    SourceReader reader(*maker_, {std::vector<float>(static_cast<size_t>(seconds * 16000)), 16000});
    int parts = 1;
    while (!reader.next()) ++parts;
    return parts;
  };
  const int of_a_window = parts_of(30) - 2;  // without the spectrum's, of 20 s each
  EXPECT_GT(of_a_window, 3);
  EXPECT_EQ(parts_of(40), 2 + 2 * of_a_window);
  EXPECT_EQ(parts_of(100), 5 + 4 * of_a_window);
}

TEST_F(SourceTokens, OneTokenIsTheLeast) {
  Audio audio{std::vector<float>(640, 0.1F), 16000, 1};
  EXPECT_EQ(source_tokens(*maker_, audio).size(), 1U);
  audio.samples.pop_back();
  expect_refused(audio, "at least 640 samples at 16 kHz (0.04 s), got 639");
}

TEST_F(SourceTokens, SilenceIsASource) {
  EXPECT_EQ(source_tokens(*maker_, {std::vector<float>(16000, 0.0F), 16000, 1}).size(), 25U);
}

TEST_F(SourceTokens, IntegersThatNobodyScaledAreRefused) {
  expect_refused({std::vector<float>(16000, 100.5F), 16000, 1}, "the loudest is 100.5");
}

}  // namespace
}  // namespace chatterbox::voice
