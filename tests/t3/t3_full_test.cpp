// The official size. Largest difference of the logits from the reference as measured (2 cores,
// AVX-512, 2 threads): FILL of their range.
#include <gtest/gtest.h>

#include <cstdlib>

#include "checkpoint/safetensors.h"
#include "t3_golden.h"

namespace chatterbox {
namespace {

TEST(T3Full, EqualsTheReference) {
  const char* folder = std::getenv("CHATTERBOX_FULL_CHECKPOINT");
  if (folder == nullptr) GTEST_SKIP() << "CHATTERBOX_FULL_CHECKPOINT names no checkpoint folder";
  const auto file = checkpoint::open_safetensors(std::string(folder) + "/t3_cfg.safetensors");
  testing::expect_equals_reference(testing::load_t3(file), "en_full_default");
}

}  // namespace
}  // namespace chatterbox
