// The real weights, read once, and how far a mark is from the voice.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <vector>

#include "checkpoint/safetensors.h"
#include "nn/weight_reader.h"
#include "watermark/find_weights.h"
#include "watermark/perth.h"

namespace chatterbox::testing {

// Skips its tests where the weights are missing; the text is also known to CMakeLists.txt.
class WithPerth : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    const auto path = watermark::find_weights();
    if (!path) return;
    const nn::WeightReader reader(checkpoint::open_safetensors(*path), {});
    perth_ = watermark::load_perth(reader);
    reader.finish();
  }
  static void TearDownTestSuite() { perth_.reset(); }
  void SetUp() override {
    if (!perth_) GTEST_SKIP() << "the weights of the watermark are missing: bash cmake/setup.sh";
  }
  static const watermark::Perth& perth() { return *perth_; }

 private:
  inline static std::shared_ptr<const watermark::Perth> perth_;
};

// Of the samples to what marking added to them, dB.
inline double signal_to_mark(const std::vector<float>& samples, const std::vector<float>& marked) {
  double signal = 0;
  double mark = 0;
  for (size_t i = 0; i < samples.size(); ++i) {
    const double sample = samples[i];
    signal += sample * sample;
    mark += (marked[i] - sample) * (marked[i] - sample);
  }
  return 10 * std::log10(signal / mark);
}

}  // namespace chatterbox::testing
