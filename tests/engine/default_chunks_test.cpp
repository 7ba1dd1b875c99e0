// The chunks of a stream whose request names none.
#include "engine/default_chunks.h"

#include <gmock/gmock.h>

#include "engine/scheduling/chunk_plan.h"

namespace chatterbox::engine {
namespace {

using ::testing::ElementsAre;

runtime::StreamPlan plan_of(bool exact_halo, int64_t right_tokens = 6) {
  runtime::StreamPlan plan;
  plan.exact_halo = exact_halo;
  plan.right_tokens = right_tokens;
  return plan;
}

TEST(DefaultChunks, GrowFromAnEarlySound) {
  EXPECT_THAT(default_chunks(plan_of(true), {}), ElementsAre(25, 50, 100));
  EXPECT_THAT(default_chunks(plan_of(false), {}), ElementsAre(12, 25, 50, 100));
}

// Of blocks of 16, the first sound of a low latency comes with the first block.
TEST(DefaultChunks, AreDueWithABlock) {
  EXPECT_THAT(default_chunks(plan_of(true), 16), ElementsAre(26, 48, 96));
  EXPECT_THAT(default_chunks(plan_of(false), 16), ElementsAre(10, 32, 48, 96));
  EXPECT_THAT(default_chunks(plan_of(false, 13), 16), ElementsAre(19, 32, 48, 96));
  EXPECT_THAT(default_chunks(plan_of(false), 1), ElementsAre(12, 25, 50, 100));
  EXPECT_THAT(default_chunks(plan_of(false), 128), ElementsAre(122, 128, 128, 128));
}

// Each chunk of a long speech comes when there are whole blocks, and not one token later.
TEST(DefaultChunks, WaitForNoPartOfABlock) {
  for (int64_t block = 1; block <= 256; ++block) {
    for (int64_t right = 3; right <= 13; ++right) {
      runtime::StreamPlan plan = plan_of(block % 2 == 0, right);
      plan.chunks = default_chunks(plan, block);
      SpokenSoFar spoken;
      for (int chunk = 0; chunk < 6; ++chunk) {
        const int64_t due = tokens_missing(plan, spoken, 0);
        EXPECT_EQ(due % block, 0) << block << ", " << right << ", " << chunk;
        const auto range = next_chunk(plan, spoken, due, /*complete=*/false);
        ASSERT_TRUE(range);
        EXPECT_GE(range->end - range->begin, kMinChunkTokens);
        spoken = {spoken.chunks + 1, range->end};
      }
    }
  }
}

}  // namespace
}  // namespace chatterbox::engine
