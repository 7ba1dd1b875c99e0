// Loudness against pyloudnorm 0.2.0 and by the recommendation's own rules.
#include "audio/loudness.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "audio/codec.h"
#include "checkpoint/safetensors.h"

namespace chatterbox::audio {
namespace {

constexpr double kPi = 3.14159265358979323846;

std::vector<float> sine(double hertz, double amplitude, double seconds, int32_t rate = 24000) {
  std::vector<float> samples(static_cast<size_t>(seconds * rate));
  for (size_t i = 0; i < samples.size(); ++i) {
    samples[i] = static_cast<float>(
        amplitude * std::sin(2 * kPi * hertz * static_cast<double>(i) / static_cast<double>(rate)));
  }
  return samples;
}

double loudness_of(const std::vector<float>& samples, int32_t rate = 24000) {
  return integrated_loudness(samples, rate).value_or(std::numeric_limits<double>::quiet_NaN());
}

double golden_number(const std::string& golden, const char* name) {
  const auto file = checkpoint::open_safetensors(std::string(CHATTERBOX_TEST_DATA) + "/golden/" +
                                                 golden + ".safetensors");
  return *static_cast<const double*>(file->find(name)->data);
}

// Measured: within 1e-8 LU; pyloudnorm rounds to float32 between its filters.
TEST(Loudness, OfSpeechEqualsTheReference) {
  std::vector<float> speech =
      read_audio(std::string(CHATTERBOX_TEST_DATA) + "/data/espeak_m3.wav").samples;
  const double once = loudness_of(speech);
  EXPECT_NEAR(once, golden_number("turbo_tiny_default", "voice.lufs"), 1e-6);
  EXPECT_NEAR(std::pow(10.0, (-27 - once) / 20), golden_number("turbo_tiny_default", "voice.gain"),
              1e-6);
  speech.insert(speech.end(), speech.begin(), speech.end());
  EXPECT_NEAR(loudness_of(speech), golden_number("turbo_tiny_prompt375", "voice.lufs"), 1e-6);
}

// BS.1770: a full-scale sine of 997 Hz in one channel is -3.01 LKFS. The shelf is not flat there.
TEST(Loudness, OfTheRecommendationsSine) {
  EXPECT_NEAR(loudness_of(sine(997, 1.0, 3, 48000), 48000), -3.01, 0.1);
  const double full = loudness_of(sine(997, 1.0, 3));
  EXPECT_NEAR(loudness_of(sine(997, 0.1, 3)), full - 20, 1e-4);
}

TEST(Loudness, LowNotesCountLess) {
  EXPECT_LT(loudness_of(sine(30, 0.5, 2)), loudness_of(sine(1000, 0.5, 2)) - 6);
  EXPECT_GT(loudness_of(sine(5000, 0.5, 2)), loudness_of(sine(500, 0.5, 2)) + 2);
}

// Blocks more than 10 LU below the mean do not count, and blocks below -70 LUFS do not even count
// for that mean.
TEST(Loudness, QuietPartsAreGated) {
  const std::vector<float> loud = sine(1000, 0.5, 10);
  for (const double quiet : {0.05, 1e-5, 0.0}) {
    std::vector<float> both = loud;
    const std::vector<float> rest = sine(1000, quiet, 10);
    both.insert(both.end(), rest.begin(), rest.end());
    EXPECT_NEAR(loudness_of(both), loudness_of(loud), 0.15) << quiet;
  }
  std::vector<float> near = loud;
  const std::vector<float> half = sine(1000, 0.25, 10);
  near.insert(near.end(), half.begin(), half.end());
  EXPECT_NEAR(loudness_of(near), loudness_of(loud) + 10 * std::log10((1 + 0.25) / 2), 0.05);
}

TEST(Loudness, WhatCannotBeMeasuredHasNone) {
  EXPECT_FALSE(integrated_loudness({}, 24000));
  EXPECT_FALSE(integrated_loudness(std::vector<float>(48000, 0.0F), 24000));
  EXPECT_FALSE(integrated_loudness(sine(1000, 1e-4, 2), 24000));  // about -83 LUFS
  EXPECT_FALSE(integrated_loudness(std::vector<float>(9599, 0.5F), 24000));
  EXPECT_TRUE(integrated_loudness(sine(1000, 0.5, 0.4), 24000));
}

}  // namespace
}  // namespace chatterbox::audio
