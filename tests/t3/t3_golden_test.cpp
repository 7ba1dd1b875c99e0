// T3 alone against the reference: logits close, drawn tokens equal.
#include <gtest/gtest.h>

#include "checkpoint/synthetic.h"
#include "t3_golden.h"

namespace chatterbox {
namespace {

TEST(T3Golden, TinyEqualsTheReference) {
  const auto file = checkpoint::make_synthetic("t3_cfg", checkpoint::SyntheticSize::kTiny);
  const auto model = testing::load_t3(file);
  for (const char* name :
       {"en_tiny_default", "en_tiny_greedy", "en_tiny_cfg0.2_hot", "en_tiny_long"}) {
    testing::expect_equals_reference(model, name);
  }
}

}  // namespace
}  // namespace chatterbox
