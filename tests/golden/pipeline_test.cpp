// The whole run on the tiny model, and what must hold whatever the numbers are.
#include "pipeline.h"

namespace chatterbox {
namespace {

TEST(Pipeline, TinyEqualsTheReference) {
  const ChatterboxEngine engine = ChatterboxEngine::load(cpu_fp32(testing::synthetic_folder()));
  for (const char* name :
       {"en_tiny_default", "en_tiny_greedy", "en_tiny_cfg0.2_hot", "en_tiny_long"}) {
    expect_equals_reference(engine, name);
  }
}

// The built-in voice was saved by the reference from the same recording.
TEST(Pipeline, BuiltInVoiceSoundsAsTheRecordingItCameFrom) {
  const ChatterboxEngine engine = ChatterboxEngine::load(cpu_fp32(testing::synthetic_folder()));
  const testing::Golden golden("en_tiny_default");
  const Result result = engine.generate(request_of(golden));
  const at::Tensor wave = testing::as_tensor(wave_of(result));
  testing::expect_close(wave, golden.tensor("s3gen.wav"), testing::Stage::kWave);
}

// Greedy: where nothing is drawn, rounded weights leave the tokens of this run as they are.
TEST(Pipeline, TinyInBf16IsNearTheReference) {
  EngineOptions options = cpu_fp32(testing::synthetic_folder());
  options.precision = Precision::kBf16;
  const ChatterboxEngine engine = ChatterboxEngine::load(options);
  const testing::Golden golden("en_tiny_greedy");
  testing::CollectedTensors collected;
  Request request = request_of(golden);
  request.on_tensor = collected.sink();
  static_cast<void>(engine.generate(request));
  ASSERT_TRUE(collected.equal("t3.tokens", golden.tensor("t3.tokens")));
  using testing::Stage;
  for (const auto& [tensor, stage] : {std::pair{"t3.logits0", Stage::kLogits},
                                      {"t3.logits2", Stage::kLogits},
                                      {"s3gen.mu", Stage::kMu},
                                      {"s3gen.mel", Stage::kMel}}) {
    testing::expect_close(collected.tensor(tensor), golden.tensor(tensor), stage,
                          testing::Reference::kBf16Cpu);
  }
}

}  // namespace
}  // namespace chatterbox
