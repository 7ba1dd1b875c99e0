// The real weights, read once.
#pragma once

#include <gtest/gtest.h>

#include <memory>

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

}  // namespace chatterbox::testing
