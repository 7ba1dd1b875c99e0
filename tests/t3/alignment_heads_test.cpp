// The heads that a T3 file names as its own.
#include "t3/alignment_heads.h"

#include <gtest/gtest.h>

namespace chatterbox::t3 {
namespace {

TEST(AlignmentHeads, AreThreePairsOfLayerAndHead) {
  const auto heads = parse_alignment_heads("2.0,13.11,4.1");
  ASSERT_TRUE(heads.has_value());
  EXPECT_EQ((*heads)[0].layer, 2);
  EXPECT_EQ((*heads)[0].head, 0);
  EXPECT_EQ((*heads)[1].layer, 13);
  EXPECT_EQ((*heads)[1].head, 11);
  EXPECT_EQ((*heads)[2].layer, 4);
  EXPECT_EQ((*heads)[2].head, 1);
}

TEST(AlignmentHeads, AreNothingElse) {
  for (const char* text : {"", "2.0", "2.0,3.0", "2.0,3.0,4.0,5.0", "2.0,3.0,4.0,", "2.0,3.0,4.",
                           "2,3,4", "2.0 3.0 4.0", "-2.0,3.0,4.0", "a.0,3.0,4.0", "2.0,3.0,4.0x",
                           "99999999999999999999.0,3.0,4.0"}) {
    EXPECT_FALSE(parse_alignment_heads(text)) << text;
  }
}

}  // namespace
}  // namespace chatterbox::t3
