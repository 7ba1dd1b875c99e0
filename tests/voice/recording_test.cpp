// What is heard of a recording. Torch-free.
#include "voice/recording.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "audio/resample.h"
#include "support/failure_of.h"

namespace chatterbox::voice {
namespace {

using testing::failure_of;
using ::testing::HasSubstr;

// Of a 250 Hz tone, its channels one after another.
Audio tone(int32_t rate, int32_t channels, size_t frames, float amplitude = 0.5F) {
  Audio audio{{}, rate, channels};
  for (size_t i = 0; i < frames; ++i) {
    const double angle = 2 * 3.14159265358979 * 250 * static_cast<double>(i) / rate;
    for (int32_t c = 0; c < channels; ++c) {
      audio.samples.push_back(amplitude * static_cast<float>(std::sin(angle)) *
                              static_cast<float>(c + 1));
    }
  }
  return audio;
}

TEST(Recording, IsHeardInOneChannelAtTheModelsRate) {
  const Audio stereo = tone(44100, 2, 44100, 0.25F);
  const std::vector<float> mono = mono_mix(stereo);
  for (const auto& [heard, rate] :
       {std::pair{heard_for_voice(stereo), kRate24}, {heard_for_conversion(stereo), kRate16}}) {
    EXPECT_EQ(heard.sample_rate, rate);
    EXPECT_EQ(heard.channels, 1);
    EXPECT_EQ(heard.samples, audio::resample_soxr_hq(mono, 44100, rate));
  }
}

TEST(Recording, AtTheModelsRateStaysAsItIs) {
  const Audio audio = tone(24000, 1, 2400);
  EXPECT_EQ(heard_for_voice(audio).samples, audio.samples);
}

void expect_bad(const Failure& failure, const char* text) {
  EXPECT_EQ(failure.status, Status::kBadAudio);
  EXPECT_THAT(failure.message, HasSubstr(text));
}

TEST(Recording, TooShortIsRefused) {
  EXPECT_EQ(heard_for_voice(tone(24000, 1, 1080)).samples.size(), 1080U);
  expect_bad(failure_of([] { (void)heard_for_voice(tone(24000, 1, 1079)); }),
             "a recording must have at least 1080 samples at 24 kHz (0.045 s), got 1079");
  expect_bad(failure_of([] { (void)heard_for_conversion(tone(48000, 2, 1917)); }),
             "a recording to convert must have at least 640 samples at 16 kHz (0.04 s), got 639");
}

TEST(Recording, SilenceIsRefusedForAVoiceOnly) {
  const Audio silence = tone(24000, 1, 24000, 0.9e-5F);
  expect_bad(failure_of([&] { (void)heard_for_voice(silence); }), "must not be silent");
  EXPECT_NO_THROW((void)heard_for_conversion(silence));
}

TEST(Recording, IntegersThatNobodyScaledAreRefused) {
  const Audio loud = tone(24000, 1, 24000, 32768);
  expect_bad(failure_of([&] { (void)heard_for_voice(loud); }), "belong in [-1, 1]");
  expect_bad(failure_of([&] { (void)heard_for_conversion(loud); }), "belong in [-1, 1]");
}

TEST(Recording, IsAsLongAsTheRecipeAsksFor) {
  const Audio heard = heard_for_voice(tone(24000, 1, 5 * 24000 - 24));
  EXPECT_NO_THROW(check_duration(heard, kEnglishRecipe));
  expect_bad(failure_of([&] { check_duration(heard, kTurboRecipe); }),
             "must be at least 5 s long, got 4.999 s");
}

}  // namespace
}  // namespace chatterbox::voice
