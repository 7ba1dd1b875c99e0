// The official size. Largest differences from the reference as measured (2 cores, AVX2): speaker
// embedding 3e-8, x-vector 1.3e-7, mel 0.
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
