// The full-size model. Its folder is named by the environment, since the weights are large.
#include <gtest/gtest.h>

#include <cstdlib>

#include "checkpoint/safetensors.h"
#include "voice/voice_golden.h"

namespace chatterbox::voice {
namespace {

TEST(VoiceMakerFullTest, EqualsTheReference) {
  const char* folder = std::getenv("CHATTERBOX_FULL_CHECKPOINT");
  if (folder == nullptr) GTEST_SKIP() << "CHATTERBOX_FULL_CHECKPOINT names no checkpoint folder";
  const auto reader = [folder](const char* file) -> nn::WeightReader {
    return {checkpoint::open_safetensors(std::string(folder) + "/" + file), nn::Placement{}};
  };
  const auto maker = load_voice_maker(reader("ve.safetensors"), reader("s3gen.safetensors"));
  const testing::Golden golden("en_full_default");
  testing::expect_voice(*maker, testing::recording(golden.meta("voice")), golden);
}

}  // namespace
}  // namespace chatterbox::voice
