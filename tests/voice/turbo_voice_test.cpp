// Voices for Turbo and Nano, against the reference. Largest differences as measured (2 cores,
// AVX2): below 5e-7 everywhere.
#include <gtest/gtest.h>

#include "voice/bad_audio.h"
#include "voice/same_bits.h"
#include "voice/tiny_models.h"
#include "voice/voice_golden.h"
#include "voice/voice_maker.h"

namespace chatterbox::voice {
namespace {

using testing::Golden;
using testing::recording;

class TurboVoice : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    maker_ = load_voice_maker(testing::tiny_reader("ve"), testing::tiny_reader("s3gen_meanflow"));
  }
  static void TearDownTestSuite() { maker_.reset(); }
  static Audio twice() { return testing::repeated(recording("espeak_m3.wav"), 2); }
  static Audio times(Audio audio, float factor) {
    for (float& sample : audio.samples) sample *= factor;
    return audio;
  }
  static void expect_refused(const Audio& audio, const std::string& why) {
    testing::expect_bad_audio([&] { return make_voice(*maker_, audio, kTurboRecipe); }, why);
  }

  static std::shared_ptr<const VoiceMaker> maker_;
};
std::shared_ptr<const VoiceMaker> TurboVoice::maker_;

TEST_F(TurboVoice, EqualsTheReference) {
  testing::expect_voice(*maker_, recording("espeak_m3.wav"), Golden("turbo_tiny_default"), "",
                        kTurboRecipe);
}

// 21.2 s: T3 hears the first fifteen, S3Gen the first ten.
TEST_F(TurboVoice, EqualsTheReferenceForALongRecording) {
  testing::expect_voice(*maker_, twice(), Golden("turbo_tiny_prompt375"), "", kTurboRecipe);
  EXPECT_EQ(make_voice(*maker_, twice(), kTurboRecipe).prompt_tokens.size(), 375U);
}

TEST_F(TurboVoice, EqualsTheReferenceAsLoudAsItIs) {
  VoiceRecipe recipe = kTurboRecipe;
  recipe.normalise_loudness = false;
  testing::expect_voice(*maker_, recording("espeak_m3.wav"), Golden("turbo_tiny_plain"), "",
                        recipe);
}

TEST_F(TurboVoice, LoudnessOfTheRecordingMakesNoDifference) {
  const Conditionals voice = make_voice(*maker_, recording("espeak_m3.wav"), kTurboRecipe);
  const Audio quiet = times(recording("espeak_m3.wav"), 0.125F);
  const Conditionals same = make_voice(*maker_, quiet, kTurboRecipe);
  EXPECT_EQ(same.prompt_tokens, voice.prompt_tokens);
  EXPECT_EQ(same.s3gen_tokens, voice.s3gen_tokens);
  testing::expect_close(testing::as_tensor(same.s3gen_mel), testing::as_tensor(voice.s3gen_mel),
                        testing::Stage::kPromptMel);
  EXPECT_NE(make_voice(*maker_, quiet, kEnglishRecipe).s3gen_tokens, voice.s3gen_tokens);
}

TEST_F(TurboVoice, IsOfFiveSecondsAtLeast) {
  Audio audio = recording("espeak_m3.wav");
  audio.samples.resize(120000);
  EXPECT_EQ(make_voice(*maker_, audio, kTurboRecipe).prompt_tokens.size(), 125U);
  audio.samples.resize(119976);
  expect_refused(audio, "must be at least 5 s long, got 4.999 s");
  expect_refused(recording("espeak_f3_22k.wav"), "must be at least 5 s long, got 3.37");
}

TEST_F(TurboVoice, IsOfSomethingThatCanBeMeasured) {
  const Audio whisper = times(recording("espeak_m3.wav"), 0.001F);
  expect_refused(whisper, "at least 0.4 s of it must reach -70 LUFS");
  VoiceRecipe recipe = kTurboRecipe;
  recipe.normalise_loudness = false;
  EXPECT_NO_THROW((void)make_voice(*maker_, whisper, recipe));
  expect_refused({std::vector<float>(240000, 0.0F), 24000, 1}, "must not be silent");
}

TEST_F(TurboVoice, WithoutARecipeItIsEnglish) {
  const Audio audio = recording("espeak_f3_22k.wav");
  testing::expect_same_bits(make_voice(*maker_, audio), make_voice(*maker_, audio, kEnglishRecipe));
}

}  // namespace
}  // namespace chatterbox::voice
