#include "audio/join.h"
#include "support/status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace chatterbox::audio {
namespace {

using ::testing::HasSubstr;
using Wave = std::vector<float>;

constexpr size_t kFade = 480;    // 20 ms at 24 kHz
constexpr size_t kPause = 3600;  // 150 ms

Wave constant(float value, size_t samples) { return Wave(samples, value); }

Wave part(const Wave& wave, size_t begin, size_t size) {
  return {wave.begin() + static_cast<std::ptrdiff_t>(begin),
          wave.begin() + static_cast<std::ptrdiff_t>(begin + size)};
}

float largest_step(const Wave& wave) {
  float step = 0;
  for (size_t i = 1; i < wave.size(); ++i) step = std::max(step, std::fabs(wave[i] - wave[i - 1]));
  return step;
}

std::string refusal(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::kInvalidArgument);
    return error.what();
  }
  return "accepted";
}

TEST(Join, OneWaveStaysAsItIs) {
  const Wave wave = constant(0.7F, 5000);
  EXPECT_EQ(join_speech({{wave}}), wave);
  EXPECT_EQ(join_speech({{{0.5F}}}), Wave{0.5F});
  EXPECT_TRUE(join_speech({}).empty());
}

TEST(Join, APauseIsExactAndFaded) {
  const Wave joined = join_speech({{constant(0.5F, 4000)}, {constant(-0.5F, 3000)}});
  ASSERT_EQ(joined.size(), 4000 + kPause + 3000);
  EXPECT_EQ(part(joined, 0, 4000 - kFade), constant(0.5F, 4000 - kFade));
  EXPECT_EQ(part(joined, 4000, kPause), constant(0, kPause));
  EXPECT_EQ(part(joined, 4000 + kPause + kFade, 3000 - kFade), constant(-0.5F, 3000 - kFade));
  // Half way in a fade of equal power is at half of the power.
  EXPECT_NEAR(joined[4000 - kFade / 2], 0.5F * std::sqrt(0.5F), 2e-3F);
  EXPECT_LT(largest_step(joined), 2e-3F);  // of a quarter of a sine over 480 samples
}

TEST(Join, ExplicitPausesAreExactToTheSample) {
  for (const size_t samples : {1U, 7U, 480U, 12001U, 240000U}) {
    const double seconds = static_cast<double>(samples) / 24000;
    const Wave joined =
        join_speech({{constant(0.5F, 1000)}, {constant(0.5F, 1000), seconds}}, {}, seconds);
    ASSERT_EQ(joined.size(), 2000 + 2 * samples);
    EXPECT_EQ(part(joined, 1000, samples), constant(0, samples));
    EXPECT_NE(joined[999], 0);
    EXPECT_NE(joined[1000 + samples], 0);
    EXPECT_EQ(part(joined, 2000 + samples, samples), constant(0, samples));
    EXPECT_NE(joined[1999 + samples], 0);
  }
}

TEST(Join, PausesLieAtBothEndsToo) {
  const Wave joined = join_speech({{constant(0.5F, 2000), 0.01}}, {}, 0.02);
  ASSERT_EQ(joined.size(), 240 + 2000 + 480);
  EXPECT_EQ(part(joined, 0, 240), constant(0, 240));
  EXPECT_LT(largest_step(joined), 2e-3F);
}

// Noises have no phase in common: their powers add up.
TEST(Join, WithoutAPauseTheCrossfadeKeepsThePower) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  const auto noise = [&](size_t samples) {
    Wave wave(samples);
    for (float& sample : wave) sample = normal(random);
    return wave;
  };
  const Wave first = noise(20000), second = noise(20000);
  JoinOptions options;
  options.fade = 0.4;
  const Wave joined = join_speech({{first}, {second, 0.0}}, options);
  constexpr size_t kLong = 9600;
  ASSERT_EQ(joined.size(), 40000 - kLong);
  for (size_t begin = 20000 - kLong; begin < 20000; begin += kLong / 4) {
    double power = 0;
    for (const float sample : part(joined, begin, kLong / 4)) power += sample * sample;
    EXPECT_NEAR(power / (kLong / 4), 1, 0.1) << begin;  // four deviations of 2400 samples
  }
  EXPECT_EQ(part(joined, 0, 20000 - kLong), part(first, 0, 20000 - kLong));
  EXPECT_EQ(part(joined, 20000, 20000 - kLong), part(second, kLong, 20000 - kLong));
  const size_t middle = 20000 - kLong / 2;
  const float expected = std::sqrt(0.5F) * (first[middle] + second[kLong / 2]);
  EXPECT_NEAR(joined[middle], expected, 2e-3F);
}

TEST(Join, OfAShortWaveHalfIsFaded) {
  const Wave joined = join_speech({{constant(1, 4000)}, {constant(1, 100)}, {constant(1, 4000)}});
  ASSERT_EQ(joined.size(), 8100 + 2 * kPause);
  const Wave middle = part(joined, 4000 + kPause, 100);
  EXPECT_NEAR(middle[49], 1, 1e-3F);
  EXPECT_NEAR(middle[50], 1, 1e-3F);
  for (size_t i = 0; i < 50; ++i) EXPECT_FLOAT_EQ(middle[i], middle[99 - i]);
  EXPECT_LT(middle[0], 0.02F);
  EXPECT_EQ(join_speech({{constant(1, 4000)}, {constant(1, 100), 0.0}}).size(), 4050U);
  EXPECT_EQ(join_speech({{{1}}, {{1}, 0.0}}), (Wave{1, 1}));
}

TEST(Join, WithoutAFadeNothingIsChanged) {
  JoinOptions options;
  options.fade = 0;
  options.pause = 0;
  EXPECT_EQ(join_speech({{{1, 2, 3}}, {{4, 5}}, {{6}, 2.0 / 24000}}, options),
            (Wave{1, 2, 3, 4, 5, 0, 0, 6}));
}

// Pieces of random lengths and pauses, with what each sample must be worked out for itself.
TEST(Join, PiecewiseIsAsAllAtOnceAndAsSoonAsItIsFinal) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<SpeechPiece> pieces(1 + random() % 5);
    for (SpeechPiece& piece : pieces) {
      piece.wave.resize(1 + random() % 2000);
      for (float& sample : piece.wave) sample = static_cast<float>(random() % 1000) / 1000;
      if (random() % 2 == 0) piece.pause_before = static_cast<double>(random() % 3) / 100;
    }
    const double pause_after = static_cast<double>(random() % 2) / 50;
    SpeechJoiner joiner;
    Wave given;
    size_t sure = 0;  // samples up to the last wave's end
    for (size_t i = 0; i < pieces.size(); ++i) {
      const Wave& wave = pieces[i].wave;
      const Wave ready = joiner.push(wave, pieces[i].pause_before);
      given.insert(given.end(), ready.begin(), ready.end());
      const double pause = pieces[i].pause_before.value_or(i == 0 ? 0 : 0.15);
      const auto silence = static_cast<size_t>(std::lround(pause * 24000));
      const size_t before = i == 0 ? 0 : std::min(kFade, pieces[i - 1].wave.size() / 2);
      const size_t held = std::min(kFade, wave.size() / 2);
      sure += silence + wave.size() - (silence == 0 ? std::min(before, held) : 0);
      ASSERT_EQ(given.size() + held, sure);
    }
    const Wave rest = joiner.finish(pause_after);
    given.insert(given.end(), rest.begin(), rest.end());
    ASSERT_EQ(given, join_speech(pieces, {}, pause_after));
    // The joiner is as new.
    EXPECT_EQ(joiner.push({1}), Wave{1});
  }
}

// However a wave comes, its samples are those of the whole, and all but its end are given at once.
TEST(Join, OfWavesInParts) {
  std::mt19937 random(5);
  for (int round = 0; round < 50; ++round) {
    SpeechJoiner whole, parts;
    Wave expected, given;
    const auto append = [](Wave& to, const Wave& more) {
      to.insert(to.end(), more.begin(), more.end());
    };
    for (int piece = 0; piece < 3; ++piece) {
      Wave wave(1 + random() % 4000);
      for (float& sample : wave) sample = static_cast<float>(random() % 2001) / 1000 - 1;
      const std::optional<double> pause = random() % 2 == 0 ? std::optional<double>(0) : 0.01;
      append(expected, whole.push(wave, pause));
      parts.begin(pause);
      for (size_t at = 0; at < wave.size();) {
        const size_t end = std::min(wave.size(), at + 1 + random() % 1500);
        append(given, parts.add({wave.begin() + static_cast<std::ptrdiff_t>(at),
                                 wave.begin() + static_cast<std::ptrdiff_t>(end)}));
        at = end;
        EXPECT_TRUE(at < 2 * kFade || parts.held() == kFade);
      }
      append(given, parts.end());
      ASSERT_EQ(given, expected);
    }
    append(expected, whole.finish());
    append(given, parts.finish());
    ASSERT_EQ(given, expected);
  }
}

TEST(Join, RefusesWhatIsOutOfRange) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  const auto options = [](int32_t rate, double pause, double fade) {
    return refusal([&] { (void)SpeechJoiner({rate, pause, fade}); });
  };
  EXPECT_EQ(options(0, 0.1, 0.1), "sample_rate must be in [1, 192000] Hz, got 0");
  EXPECT_EQ(options(24000, 10.5, 0.1), "pause must be in [0, 10] s, got 10.5");
  EXPECT_EQ(options(24000, 0.1, -1), "fade must be in [0, 1] s, got -1");
  EXPECT_THAT(options(24000, kNan, 0.1), HasSubstr("got nan"));
  SpeechJoiner joiner;
  EXPECT_EQ(refusal([&] {
              (void)joiner.push({1, 2}, -0.5);
            }),
            "pause_before must be in [0, 10] s, got -0.5");
  EXPECT_EQ(refusal([&] { (void)joiner.push({}, 1); }), "a wave must have samples, got none");
  EXPECT_EQ(refusal([&] { (void)joiner.finish(11); }), "pause_after must be in [0, 10] s, got 11");
  EXPECT_TRUE(joiner.finish().empty());  // nothing of them was taken
}

}  // namespace
}  // namespace chatterbox::audio
