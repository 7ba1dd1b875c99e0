// The whole run on checkpoint folders of the official size.
#include <cstdlib>

#include "pipeline.h"

namespace chatterbox {
namespace {

TEST(PipelineFull, FullSizeEqualsTheReference) {
  const char* folder = std::getenv("CHATTERBOX_FULL_CHECKPOINT");
  if (folder == nullptr) GTEST_SKIP() << "CHATTERBOX_FULL_CHECKPOINT names no checkpoint folder";
  const ChatterboxEngine engine = ChatterboxEngine::load(cpu_fp32(folder));
  expect_equals_reference(engine, "en_full_default");
}

TEST(PipelineFull, FlashOfFullSizeEqualsTheReference) {
  const char* folder = std::getenv("CHATTERBOX_FULL_FLASH");
  if (folder == nullptr) GTEST_SKIP() << "CHATTERBOX_FULL_FLASH names no checkpoint folder";
  const ChatterboxEngine engine = ChatterboxEngine::load(cpu_fp32(folder));
  expect_flash_equals_reference(engine, "flash_full_default");
}

}  // namespace
}  // namespace chatterbox
