// The machines against the reference: a text and a recording in, its tokens and its wave out, for
// every family, without the engine.
#include "runtime/machines_golden.h"

namespace chatterbox::runtime {
namespace {

using testing::CheckpointFolder;
using testing::cpu_options;
using testing::expect_conversion_equals_reference;
using testing::expect_equals_reference;
using testing::Machines;

TEST(MachinesGolden, English) {
  const CheckpointFolder folder;
  Machines machines(cpu_options(folder.path()));
  for (const char* name :
       {"en_tiny_default", "en_tiny_greedy", "en_tiny_cfg0.2_hot", "en_tiny_long"}) {
    expect_equals_reference(machines, name);
  }
}

TEST(MachinesGolden, Turbo) {
  const CheckpointFolder folder({"t3_turbo_v1", "s3gen_meanflow", "ve"}, "turbo");
  Machines machines(cpu_options(folder.path()));
  for (const char* name : {"turbo_tiny_default", "turbo_tiny_short", "turbo_tiny_greedy",
                           "turbo_tiny_plain", "turbo_tiny_prompt375"}) {
    expect_equals_reference(machines, name);
  }
}

TEST(MachinesGolden, Multilingual) {
  const CheckpointFolder folder({"t3_mtl23ls_v2", "t3_mtl23ls_v3", "s3gen", "ve"}, "multilingual");
  EngineOptions options = cpu_options(folder.path());
  options.family = Family::kMultilingualV2;
  Machines second(options);
  for (const char* name : {"mtl_tiny_v2_de", "mtl_tiny_v2_zh"}) {
    expect_equals_reference(second, name);
  }
  options.family = Family::kMultilingualV3;
  Machines third(options);
  expect_equals_reference(third, "mtl_tiny_v3_fr");
}

TEST(MachinesGolden, VoiceConversion) {
  const CheckpointFolder folder;
  Machines machines(cpu_options(folder.path()));
  expect_conversion_equals_reference(machines, "vc_tiny");
}

}  // namespace
}  // namespace chatterbox::runtime
