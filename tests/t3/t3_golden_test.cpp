// T3 alone against the reference: drawn tokens equal, logits close. Largest difference of logits
// measured (2 cores, AVX2): below 5e-7 of their range, in all families.
#include <gtest/gtest.h>

#include "t3_golden.h"

namespace chatterbox {
namespace {

TEST(T3Golden, EnglishEqualsTheReference) {
  const auto model = testing::load_tiny("t3_cfg");
  for (const char* name :
       {"en_tiny_default", "en_tiny_greedy", "en_tiny_cfg0.2_hot", "en_tiny_long"}) {
    testing::expect_equals_reference(model, name);
  }
}

TEST(T3Golden, MultilingualEqualsTheReference) {
  const auto v2 = testing::load_tiny("t3_mtl23ls_v2");
  for (const char* name : {"mtl_tiny_v2_de", "mtl_tiny_v2_zh", "mtl_tiny_v2_ko_cfg0"}) {
    testing::expect_equals_reference(v2, name);
  }
  testing::expect_equals_reference(testing::load_tiny("t3_mtl23ls_v3"), "mtl_tiny_v3_fr");
}

// In turbo_tiny_greedy top_k is 1, so that the penalised best token is left alone.
TEST(T3Golden, TurboEqualsTheReference) {
  const auto model = testing::load_tiny("t3_turbo_v1");
  for (const char* name : {"turbo_tiny_default", "turbo_tiny_short", "turbo_tiny_greedy",
                           "turbo_tiny_plain", "turbo_tiny_prompt375"}) {
    testing::expect_equals_reference(model, name);
  }
}

}  // namespace
}  // namespace chatterbox
