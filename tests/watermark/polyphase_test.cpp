// The detector's resampler against librosa's, which is scipy's.
#include "watermark/polyphase.h"

#include <gtest/gtest.h>

#include <cmath>

#include "checkpoint/safetensors.h"
#include "support/status.h"

namespace chatterbox::watermark {
namespace {

// The signal of tests/golden/tools/watermark_vectors.py.
std::vector<float> signal() {
  std::vector<float> samples(1601);
  for (size_t i = 0; i < samples.size(); ++i) {
    samples[i] = static_cast<float>(static_cast<int64_t>(i * 7919 % 2001) - 1000) / 1250.0F;
  }
  return samples;
}

TEST(Polyphase, EqualsScipy) {
  const auto golden = checkpoint::open_safetensors(std::string(CHATTERBOX_TEST_DATA) +
                                                   "/golden/watermark.safetensors");
  for (const int32_t rate : {24000, 44100, 22050, 8000}) {
    const auto* expected = golden->find("polyphase." + std::to_string(rate));
    ASSERT_NE(expected, nullptr) << rate;
    const std::vector<float> actual = resample_polyphase(signal(), rate, 32000);
    ASSERT_EQ(actual.size(), static_cast<size_t>(expected->shape[0])) << rate;
    for (size_t i = 0; i < actual.size(); ++i) {
      const double wanted = static_cast<const float*>(expected->data)[i];
      ASSERT_NEAR(actual[i], wanted, 1e-6)  // measured: 2.4e-7
          << rate << " Hz, sample " << i;
    }
  }
}

TEST(Polyphase, EqualRatesAndNoSamplesStayAsTheyAre) {
  EXPECT_EQ(resample_polyphase(signal(), 32000, 32000), signal());
  EXPECT_TRUE(resample_polyphase({}, 24000, 32000).empty());
}

TEST(Polyphase, OneSampleAndAwkwardRates) {
  EXPECT_EQ(resample_polyphase({1}, 24000, 32000).size(), 2U);
  EXPECT_EQ(resample_polyphase(signal(), 31999, 32000).size(), 1602U);
  EXPECT_EQ(resample_polyphase(signal(), 191999, 32000).size(), 267U);
}

TEST(Polyphase, RefusesRatesBelowOne) {
  EXPECT_THROW((void)resample_polyphase({1}, 0, 32000), Error);
  EXPECT_THROW((void)resample_polyphase({1}, 24000, -1), Error);
}

}  // namespace
}  // namespace chatterbox::watermark
