// Every family on the tested device, against the reference's goldens: its tokens, and what its
// stages make, as near as on the CPU.
#include "device/device_options.h"
#include "runtime/machines_golden.h"
#include "t3/t3_golden.h"

namespace chatterbox::testing {
namespace {

TEST(OnDevice, English) {
  const CheckpointFolder folder;
  Machines machines(device_options(folder.path()));
  EXPECT_EQ(machines.catalog().info().device, std::string(kTestedDevice) + ":0");
  for (const char* name : {"en_tiny_default", "en_tiny_greedy", "en_tiny_cfg0.2_hot"}) {
    expect_equals_reference(machines, name);
  }
}

TEST(OnDevice, Turbo) {
  const CheckpointFolder folder({"t3_turbo_v1", "s3gen_meanflow", "ve"}, "turbo");
  Machines machines(device_options(folder.path()));
  for (const char* name : {"turbo_tiny_default", "turbo_tiny_plain", "turbo_tiny_prompt375"}) {
    expect_equals_reference(machines, name);
  }
}

TEST(OnDevice, Multilingual) {
  const CheckpointFolder folder({"t3_mtl23ls_v2", "s3gen", "ve"}, "multilingual");
  EngineOptions options = device_options(folder.path());
  options.family = Family::kMultilingualV2;
  Machines machines(options);
  expect_equals_reference(machines, "mtl_tiny_v2_zh");
}

TEST(OnDevice, VoiceConversion) {
  const CheckpointFolder folder;
  Machines machines(device_options(folder.path()));
  expect_conversion_equals_reference(machines, "vc_tiny");
}

// What the heads that follow the text attend to in each step, of rows that others stand beside.
t3::Generation followed(const nn::Placement& placement) {
  const c10::InferenceMode inference_mode;
  const auto model = t3::load_model({tiny_file("t3_cfg"), placement});
  const Golden golden("en_tiny_default");
  GoldenSequence sequence(golden);
  sequence.options.max_new_tokens = 40;
  t3::Decoder decoder(model, 5, 300);
  static_cast<void>(decoder.start(sequence.options));
  sequence.options.follow_text = t3::AlignmentHeads{{{2, 1}, {1, 0}, {0, 1}}};
  const int64_t id = decoder.start(sequence.options);
  while (!decoder.finished(id)) decoder.step();
  return decoder.generation(id);
}

TEST(OnDevice, FollowsTheTextAsTheCpu) {
  const t3::Generation device = followed({tested_device(), c10::kFloat});
  const t3::Generation cpu = followed({});
  EXPECT_EQ(device.tokens, cpu.tokens);
  EXPECT_EQ(device.places, cpu.places);
  EXPECT_EQ(device.places.size(), device.tokens.size());
}

}  // namespace
}  // namespace chatterbox::testing
