#include "engine/scheduling/chunk_plan.h"

#include <algorithm>

namespace chatterbox::engine {
namespace {

int64_t size_of(const runtime::StreamPlan& plan, int64_t chunk) {
  const auto last = static_cast<int64_t>(plan.chunks.size()) - 1;
  return plan.chunks[static_cast<size_t>(std::min(chunk, last))];
}

// Tokens behind a chunk with which it is the same whether the end is known or not: its right
// context is full, and there is no remainder to absorb.
int64_t needed_behind(const runtime::StreamPlan& plan) {
  return std::max(plan.right_tokens, kMinChunkTokens);
}

int64_t fully_seen(const runtime::StreamPlan& plan, int64_t end) {
  return end + plan.right_tokens + plan.slack_tokens;
}

}  // namespace

bool may_see_more(const runtime::StreamPlan& plan, const runtime::ChunkRange& chunk,
                  bool complete) {
  return !complete && chunk.seen < fully_seen(plan, chunk.end);
}

int64_t tokens_missing(const runtime::StreamPlan& plan, const SpokenSoFar& spoken, int64_t known) {
  const int64_t needed = spoken.tokens + size_of(plan, spoken.chunks) + needed_behind(plan);
  return std::max<int64_t>(0, needed - known);
}

std::optional<runtime::ChunkRange> next_chunk(const runtime::StreamPlan& plan,
                                              const SpokenSoFar& spoken, int64_t known,
                                              bool complete) {
  if (spoken.tokens >= known) return std::nullopt;
  runtime::ChunkRange chunk;
  chunk.begin = spoken.tokens;
  chunk.end = chunk.begin + size_of(plan, spoken.chunks);
  // With so many behind it, the chunk is the same whether the end is known or not: its right
  // context is full, and there is no remainder to absorb.
  if (known - chunk.end >= std::max(plan.right_tokens, kMinChunkTokens)) {
    chunk.seen = std::min(known, fully_seen(plan, chunk.end));
    return chunk;
  }
  if (!complete) return std::nullopt;
  if (known - chunk.end < kMinChunkTokens) chunk.end = known;
  chunk.seen = std::min(known, fully_seen(plan, chunk.end));
  chunk.ends = chunk.seen == known;
  chunk.last = chunk.end == known;
  return chunk;
}

}  // namespace chatterbox::engine
