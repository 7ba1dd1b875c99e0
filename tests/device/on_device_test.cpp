// Every family on the stand-in device, against the reference's goldens: its tokens, and what its
// stages make, as near as on the CPU.
#include "device/device_options.h"
#include "runtime/machines_golden.h"

namespace chatterbox::testing {
namespace {

TEST(OnDevice, English) {
  const CheckpointFolder folder;
  Machines machines(device_options(folder.path()));
  EXPECT_EQ(machines.catalog().info().device, "stand_in:0");
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

}  // namespace
}  // namespace chatterbox::testing
