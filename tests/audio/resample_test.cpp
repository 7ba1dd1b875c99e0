// Both resamplers against resample.json, made with librosa and torchaudio.
#include "audio/resample.h"
#include "support/status.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

namespace chatterbox::audio {
namespace {

// The signal of tests/golden/tools/resample_vectors.py.
std::vector<float> signal(size_t size) {
  std::vector<float> samples(size);
  for (size_t i = 0; i < size; ++i) {
    samples[i] = static_cast<float>(static_cast<int64_t>(i * 7919 % 2001) - 1000) / 1250.0F;
  }
  return samples;
}

void expect_equals_reference(const std::string& method, double tolerance) {
  std::ifstream file(std::string(CHATTERBOX_TEST_DATA) + "/golden/resample.json");
  int compared = 0;
  for (const auto& vector : nlohmann::json::parse(file)) {
    if (vector.at("method") != method) continue;
    ++compared;
    const auto samples = signal(vector.at("size").get<size_t>());
    const auto source = vector.at("source").get<int32_t>();
    const auto target = vector.at("target").get<int32_t>();
    const auto actual = method == "soxr" ? resample_soxr_hq(samples, source, target)
                                         : resample_sinc_hann(samples, source, target);
    const std::string where = std::to_string(samples.size()) + " samples from " +
                              std::to_string(source) + " to " + std::to_string(target);
    ASSERT_EQ(actual.size(), vector.at("length").get<size_t>()) << where;
    const auto indices = vector.at("indices").get<std::vector<size_t>>();
    for (size_t i = 0; i < indices.size(); ++i) {
      ASSERT_NEAR(actual[indices[i]], vector.at("values")[i].get<double>(), tolerance)
          << where << " sample " << indices[i];
    }
  }
  EXPECT_GE(compared, 15);
}

TEST(Resample, SoxrEqualsLibrosa) { expect_equals_reference("soxr", 1e-6); }
TEST(Resample, SincEqualsTorchaudio) { expect_equals_reference("sinc", 1e-6); }

TEST(Resample, EqualRatesAndNoSamplesStayAsTheyAre) {
  const auto samples = signal(100);
  EXPECT_EQ(resample_soxr_hq(samples, 24000, 24000), samples);
  EXPECT_EQ(resample_sinc_hann(samples, 24000, 24000), samples);
  EXPECT_TRUE(resample_soxr_hq({}, 8000, 24000).empty());
  EXPECT_TRUE(resample_sinc_hann({}, 8000, 24000).empty());
}

TEST(Resample, LengthIsRoundedUp) {
  for (const size_t size : {1, 2, 3, 5, 99, 48001}) {
    EXPECT_EQ(resample_soxr_hq(signal(size), 22050, 24000).size(), (size * 160 + 146) / 147);
    EXPECT_EQ(resample_sinc_hann(signal(size), 24000, 16000).size(), (size * 2 + 2) / 3);
  }
}

TEST(Resample, AToneKeepsItsAmplitudeAndPhase) {
  constexpr double kStep = 2 * 3.14159265358979323846 * 440;
  std::vector<float> tone(96000);
  for (size_t i = 0; i < tone.size(); ++i) {
    tone[i] = static_cast<float>(0.5 * std::sin(kStep * static_cast<double>(i) / 48000));
  }
  const auto soxr = resample_soxr_hq(tone, 48000, 24000);
  const auto sinc = resample_sinc_hann(tone, 48000, 24000);
  for (size_t i = 1000; i < 47000; ++i) {
    const double expected = 0.5 * std::sin(kStep * static_cast<double>(i) / 24000);
    ASSERT_NEAR(soxr[i], expected, 1e-5) << i;
    ASSERT_NEAR(sinc[i], expected, 5e-3) << i;
  }
}

TEST(Resample, RefusesRatesBelowOne) {
  EXPECT_THROW((void)resample_soxr_hq({1}, 0, 24000), Error);
  EXPECT_THROW((void)resample_sinc_hann({1}, 24000, -1), Error);
  EXPECT_THROW((void)resample_sinc_hann({1}, 191999, 192000), Error);
}

}  // namespace
}  // namespace chatterbox::audio
