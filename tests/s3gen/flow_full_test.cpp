// The official size.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "checkpoint/safetensors.h"
#include "s3gen/flow_golden.h"

namespace chatterbox::s3gen {
namespace {

TEST(FlowFull, EqualsTheReference) {
  const char* folder = std::getenv("CHATTERBOX_FULL_CHECKPOINT");
  if (folder == nullptr) GTEST_SKIP() << "CHATTERBOX_FULL_CHECKPOINT names no checkpoint folder";
  const nn::WeightReader reader(
      checkpoint::open_safetensors(std::string(folder) + "/s3gen.safetensors"), {});
  expect_equals_reference(*load_flow(reader), "en_full_default");
}

}  // namespace
}  // namespace chatterbox::s3gen
