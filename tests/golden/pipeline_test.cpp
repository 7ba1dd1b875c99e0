// The whole run on the tiny model, and what must hold whatever the numbers are.
#include "pipeline.h"

namespace chatterbox {
namespace {

TEST(Pipeline, TinyEqualsTheReference) {
  const ChatterboxEngine engine = ChatterboxEngine::load(cpu_fp32("demo"));
  for (const char* name :
       {"en_tiny_default", "en_tiny_greedy", "en_tiny_cfg0.2_hot", "en_tiny_long"}) {
    expect_equals_reference(engine, name);
  }
}

// The built-in voice was saved by the reference from the same recording.
TEST(Pipeline, BuiltInVoiceSoundsAsTheRecordingItCameFrom) {
  const ChatterboxEngine engine = ChatterboxEngine::load(cpu_fp32("demo"));
  const testing::Golden golden("en_tiny_default");
  const Result result = engine.generate(request_of(golden));
  const at::Tensor wave = testing::as_tensor(result.audio.samples);
  testing::expect_close(wave, golden.tensor("s3gen.wav"), testing::Stage::kWave);
}

}  // namespace
}  // namespace chatterbox
