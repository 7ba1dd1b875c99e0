#include "audio/trim.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "support/golden.h"

namespace chatterbox::audio {
namespace {

// A square wave of the height `quiet`, and `loud` in [begin, end). Its RMS is its height.
std::vector<float> square_wave(size_t length, size_t begin, size_t end, float loud, float quiet) {
  std::vector<float> samples(length);
  for (size_t i = 0; i < length; ++i) {
    samples[i] = (i >= begin && i < end ? loud : quiet) * (i % 2 == 0 ? 1.0F : -1.0F);
  }
  return samples;
}

TEST(TrimTest, CutsWhereLibrosaCuts) {
  const testing::Golden golden("voice_vectors");
  const at::Tensor cases = golden.tensor("trim.cases");  // [n, 5]
  const at::Tensor spans = golden.tensor("trim.spans");  // [n, 2]
  ASSERT_EQ(cases.size(0), 7);
  for (int64_t i = 0; i < cases.size(0); ++i) {
    const float* c = cases.const_data_ptr<float>() + 5 * i;
    const auto wave = square_wave(static_cast<size_t>(c[0]), static_cast<size_t>(c[1]),
                                  static_cast<size_t>(c[2]), c[3], c[4]);
    const Range range = trim_silence(wave, 20);
    EXPECT_EQ(static_cast<int64_t>(range.begin), spans[i][0].item<int64_t>()) << "case " << i;
    EXPECT_EQ(static_cast<int64_t>(range.end), spans[i][1].item<int64_t>()) << "case " << i;
  }
}

TEST(TrimTest, ThresholdFollowsTheDecibels) {
  // Frames of the quiet part have 0.1 of the loud amplitude: -20 dB.
  const auto wave = square_wave(40960, 16384, 24576, 0.5F, 0.05F);
  EXPECT_EQ(trim_silence(wave, 21).begin, 1024U);  // the first frame without the silence before it
  EXPECT_GT(trim_silence(wave, 19).begin, 10000U);
}

}  // namespace
}  // namespace chatterbox::audio
