// The official sizes. Largest difference of the logits from the reference as measured (2 cores,
// AVX2): 1e-6 of their range.
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

// The same code, with other widths: 12 layers of 12 heads, which no tiny checkpoint has.
TEST(T3Full, NanoSpeaks) {
  const c10::InferenceMode inference_mode;
  const auto file = testing::make_synthetic("t3_nano_v1", testing::SyntheticSize::kFull);
  const std::shared_ptr<const t3::Model> model = testing::load_t3(file);
  EXPECT_EQ(t3::limits(*model).kv_bytes_per_position, 2 * 12 * 12 * 64 * 4);
  EXPECT_EQ(t3::limits(*model).max_positions, 8196);
  testing::GoldenSequence sequence(testing::Golden("turbo_tiny_prompt375"));
  sequence.options.max_new_tokens = 5;
  t3::Decoder decoder(model, 1, 400);
  const int64_t id = decoder.start(sequence.options);
  while (!decoder.finished(id)) decoder.step();
  EXPECT_GE(decoder.generation(id).tokens.size(), 2U);
}

}  // namespace
}  // namespace chatterbox
