#include "voice/voice_maker.h"

#include <gtest/gtest.h>

#include "support/error.h"
#include "voice/tiny_models.h"
#include "voice/voice_golden.h"

namespace chatterbox::voice {
namespace {

using testing::Golden;
using testing::recording;

class VoiceMakerTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    maker_ = load_voice_maker(testing::tiny_reader("ve"), testing::tiny_reader("s3gen"));
  }
  static void TearDownTestSuite() { maker_.reset(); }

  static std::shared_ptr<const VoiceMaker> maker_;
};
std::shared_ptr<const VoiceMaker> VoiceMakerTest::maker_;

// Longer than ten seconds, at 24 kHz.
TEST_F(VoiceMakerTest, EqualsTheReference) {
  testing::expect_voice(*maker_, recording("espeak_m3.wav"), Golden("en_tiny_default"));
}

// 22.05 kHz, 3.4 s: resampled at first, no cut, and one token more than the mel has pairs of frames.
TEST_F(VoiceMakerTest, EqualsTheReferenceAtAnotherRate) {
  testing::expect_voice(*maker_, recording("espeak_f3_22k.wav"), Golden("voice_vectors"), "f3_22k.");
}

TEST_F(VoiceMakerTest, EqualsTheReferenceForHalfASecond) {
  Audio audio = recording("espeak_m3.wav");
  ASSERT_EQ(audio.sample_rate, 24000);
  audio.samples = {audio.samples.begin() + 24000, audio.samples.begin() + 36000};
  testing::expect_voice(*maker_, audio, Golden("voice_vectors"), "short.");
}

TEST_F(VoiceMakerTest, ChannelsAreAveraged) {
  const Audio mono = recording("espeak_f3_22k.wav");
  Audio stereo = mono;
  stereo.channels = 2;
  stereo.samples.clear();
  for (const float sample : mono.samples) {
    stereo.samples.push_back(1.5F * sample);
    stereo.samples.push_back(0.5F * sample);
  }
  const Conditionals expected = make_voice(*maker_, mono);
  const Conditionals actual = make_voice(*maker_, stereo);
  EXPECT_EQ(actual.prompt_tokens, expected.prompt_tokens);
  EXPECT_EQ(actual.s3gen_tokens, expected.s3gen_tokens);
  EXPECT_LT((testing::as_tensor(actual.x_vector) - testing::as_tensor(expected.x_vector))
                .abs().max().item<float>(), 1e-5);
}

TEST_F(VoiceMakerTest, SilenceIsAVoiceToo) {
  const Conditionals voice = make_voice(*maker_, {std::vector<float>(24000), 24000, 1});
  EXPECT_EQ(voice.s3gen_tokens.size(), 25U);
  EXPECT_NO_THROW(validate(voice));
}

TEST_F(VoiceMakerTest, TooShortIsRefusedWithItsLength) {
  EXPECT_NO_THROW((void)make_voice(*maker_, {std::vector<float>(1080, 0.1F), 24000, 1}));
  try {
    (void)make_voice(*maker_, {std::vector<float>(1079, 0.1F), 24000, 1});
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::kBadAudio);
    EXPECT_NE(std::string(error.what()).find("1079"), std::string::npos) << error.what();
  }
}

TEST(VoiceMakerWeightsTest, ReadsEveryTensorOfItsModels) {
  const nn::WeightReader ve = testing::tiny_reader("ve");
  const nn::WeightReader s3gen = testing::tiny_reader("s3gen");
  (void)load_voice_maker(ve, s3gen);
  EXPECT_NO_THROW(ve.finish());
  try {
    s3gen.finish();  // flow and vocoder are left
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    const std::string left = error.what();
    EXPECT_EQ(left.find("tokenizer."), std::string::npos) << left;
    EXPECT_EQ(left.find("speaker_encoder."), std::string::npos) << left;
  }
}

TEST(VoiceMakerWeightsTest, ComputesInFp32WhateverTheEnginesType) {
  const auto file = [](const char* name) {
    return checkpoint::make_synthetic(name, checkpoint::SyntheticSize::kTiny);
  };
  const nn::Placement bf16{at::kCPU, at::kBFloat16};
  const auto maker = load_voice_maker({file("ve"), bf16}, {file("s3gen"), bf16});
  testing::expect_voice(*maker, recording("espeak_f3_22k.wav"), Golden("voice_vectors"), "f3_22k.");
}

}  // namespace
}  // namespace chatterbox::voice
