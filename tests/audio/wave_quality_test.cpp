#include "audio/wave_quality.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace chatterbox::audio {
namespace {

constexpr float kLimit = 0.99F;

TEST(WaveQuality, PeakIsTheLargestMagnitudeAndTheLimitCountsAsClipped) {
  const WaveQuality quality =
      wave_quality({0.5F, -0.99F, 0.98999F, 0.99F, -1.25F, 0, 0.3F}, kLimit);
  EXPECT_EQ(quality.peak, 1.25F);
  EXPECT_EQ(quality.clipped, 3);
}

TEST(WaveQuality, QuietAndEmptyWavesClipNowhere) {
  EXPECT_EQ(wave_quality({0.25F, -0.75F, 0.5F}, kLimit).peak, 0.75F);
  EXPECT_EQ(wave_quality({0.25F, -0.75F, 0.5F}, kLimit).clipped, 0);
  EXPECT_EQ(wave_quality({}, kLimit).peak, 0);
  EXPECT_EQ(wave_quality({}, kLimit).clipped, 0);
}

TEST(WaveQuality, WhatIsNoNumberShowsInThePeak) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  for (const std::vector<float>& samples :
       {std::vector<float>{kNan, 0.5F, 2}, {0.5F, kNan, 0.25F}, {2, 0.5F, -kNan}}) {
    EXPECT_TRUE(std::isnan(wave_quality(samples, kLimit).peak));
  }
  EXPECT_TRUE(std::isinf(wave_quality({0.5F, -INFINITY}, kLimit).peak));
}

}  // namespace
}  // namespace chatterbox::audio
