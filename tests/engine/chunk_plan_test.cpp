// Where chunks begin and end: as a table, and that it depends on nothing but the tokens.
#include "engine/scheduling/chunk_plan.h"

#include <gmock/gmock.h>

#include <random>
#include <tuple>

namespace chatterbox::engine {
namespace {

using runtime::ChunkRange;
using runtime::StreamPlan;
using Chunks = std::vector<ChunkRange>;

StreamPlan plan_of(std::vector<int64_t> chunks, int64_t right_tokens) {
  StreamPlan plan;
  plan.chunks = std::move(chunks);
  plan.right_tokens = right_tokens;
  return plan;
}

auto members(const ChunkRange& chunk) {
  return std::tuple(chunk.begin, chunk.end, chunk.seen, chunk.ends, chunk.last);
}

struct Case {
  const char* what;
  int64_t right_tokens;
  SpokenSoFar spoken;
  int64_t known;
  bool complete;
  std::optional<ChunkRange> due;
};

// Of a plan of 12, 25 and 50 tokens.
TEST(ChunkPlan, IsATable) {
  const std::vector<Case> cases = {
      {"nothing is known", 6, {0, 0}, 0, false, {}},
      {"its tokens are known", 6, {0, 0}, 12, false, {}},
      {"one of those to the right is not", 6, {0, 0}, 17, false, {}},
      {"all to the right are", 6, {0, 0}, 18, false, {{0, 12, 18, false, false}}},
      {"and more", 6, {0, 0}, 40, false, {{0, 12, 18, false, false}}},
      {"exactly these are all", 6, {0, 0}, 18, true, {{0, 12, 18, false, false}}},
      {"little to the right: too few for a chunk of their own", 3, {0, 0}, 17, false, {}},
      {"little to the right", 3, {0, 0}, 18, false, {{0, 12, 15, false, false}}},
      {"much to the right is not there", 13, {0, 0}, 24, false, {}},
      {"much to the right", 13, {0, 0}, 25, false, {{0, 12, 25, false, false}}},
      {"the end lies to the right", 13, {0, 0}, 24, true, {{0, 12, 24, true, false}}},
      {"the smallest remainder", 13, {0, 0}, 18, true, {{0, 12, 18, true, false}}},
      {"a remainder is absorbed", 13, {0, 0}, 17, true, {{0, 17, 17, true, true}}},
      {"no remainder", 6, {0, 0}, 12, true, {{0, 12, 12, true, true}}},
      {"less than a chunk", 6, {0, 0}, 1, true, {{0, 1, 1, true, true}}},
      {"the second is larger", 6, {1, 12}, 42, false, {}},
      {"the second", 6, {1, 12}, 43, false, {{12, 37, 43, false, false}}},
      {"the third", 6, {2, 37}, 200, true, {{37, 87, 93, false, false}}},
      {"the last size is that of all others",
       6,
       {9, 387},
       500,
       true,
       {{387, 437, 443, false, false}}},
      {"the rest", 6, {9, 387}, 430, true, {{387, 430, 430, true, true}}},
      {"nothing is left", 6, {9, 430}, 430, true, {}},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.what);
    const auto due =
        next_chunk(plan_of({12, 25, 50}, one.right_tokens), one.spoken, one.known, one.complete);
    ASSERT_EQ(due.has_value(), one.due.has_value());
    EXPECT_TRUE(!due || members(*due) == members(*one.due));
  }
}

// All chunks of so many tokens, of which ever more are known: after each arrival those that are due
// are spoken, or only some of them, as S3Gen has time.
template <class Random>
Chunks chunks_of(const StreamPlan& plan, int64_t total, int64_t most_at_a_time, Random& random) {
  Chunks chunks;
  SpokenSoFar spoken;
  int64_t known = 0;
  while (spoken.tokens < total) {
    known = std::min<int64_t>(
        total, known + static_cast<int64_t>(random() % static_cast<uint64_t>(most_at_a_time + 1)));
    // The end is known with the last token or only after it.
    const bool complete = known == total && random() % 2 == 0;
    while (random() % 4 != 0) {
      const auto chunk = next_chunk(plan, spoken, known, complete);
      if (!chunk) break;
      spoken = {spoken.chunks + 1, chunk->end};
      chunks.push_back(*chunk);
    }
  }
  return chunks;
}

void expect_whole(const StreamPlan& plan, int64_t total, const Chunks& chunks) {
  int64_t end = 0;
  for (const ChunkRange& chunk : chunks) {
    EXPECT_EQ(chunk.begin, end);  // each token once
    end = chunk.end;
    const bool last = &chunk == &chunks.back();
    EXPECT_EQ(chunk.last, last);
    EXPECT_TRUE(chunks.size() == 1 || chunk.end - chunk.begin >= kMinChunkTokens);
    EXPECT_LE(chunk.seen, std::min(total, chunk.end + plan.right_tokens));
    EXPECT_GE(chunk.seen, std::min(total, chunk.end + std::min<int64_t>(3, plan.right_tokens)));
    EXPECT_TRUE(!chunk.ends || chunk.seen == total);
    EXPECT_TRUE(!last || chunk.ends);
  }
  EXPECT_EQ(end, total);
}

TEST(ChunkPlan, IsTheSameHoweverTokensCome) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 3000; ++i) {
    std::vector<int64_t> sizes(1 + random() % 4);
    for (int64_t& size : sizes) size = kMinChunkTokens + static_cast<int64_t>(random() % 40);
    const StreamPlan plan = plan_of(sizes, 3 + static_cast<int64_t>(random() % 11));
    const int64_t total = 1 + static_cast<int64_t>(random() % 300);
    SCOPED_TRACE(::testing::Message() << total << " tokens, " << plan.right_tokens
                                      << " to the right, " << ::testing::PrintToString(sizes));
    const Chunks slowly = chunks_of(plan, total, 1, random);
    expect_whole(plan, total, slowly);
    for (const int64_t most : {3, 40, 400}) {
      const Chunks chunks = chunks_of(plan, total, most, random);
      ASSERT_EQ(chunks.size(), slowly.size());
      for (size_t k = 0; k < chunks.size(); ++k) EXPECT_EQ(members(chunks[k]), members(slowly[k]));
    }
    if (::testing::Test::HasFailure()) return;
  }
}

// The one thing that depends on when it is asked.
TEST(ChunkPlan, SlackTokensAreSeenWhereTheyAreThere) {
  StreamPlan plan = plan_of({12, 25}, 6);
  plan.slack_tokens = 10;
  for (const int64_t known : {18, 20, 28, 40}) {
    const auto chunk = next_chunk(plan, {0, 0}, known, false);
    ASSERT_TRUE(chunk) << known;
    EXPECT_EQ(chunk->end, 12);
    EXPECT_EQ(chunk->seen, std::min<int64_t>(known, 28));
    EXPECT_EQ(may_see_more(plan, *chunk, false), known < 28);
    EXPECT_FALSE(may_see_more(plan, *chunk, true));
  }
  EXPECT_FALSE(next_chunk(plan, {0, 0}, 17, false)) << "they are not waited for";
  EXPECT_EQ(tokens_missing(plan, {0, 0}, 10), 8);
}

}  // namespace
}  // namespace chatterbox::engine
