// Where the chunks of a stream begin and end. A pure function of the tokens: whenever it is asked,
// however many of them have come by then, a stream has the same chunks. What a chunk sees behind it
// is so too, but for the plan's slack tokens, of which it sees those that are known.
#pragma once

#include <cstdint>
#include <optional>

#include "runtime/executor.h"

namespace chatterbox::engine {

// A remainder of fewer tokens is no chunk of its own: the one before absorbs it. Shorter ones have
// too little of the speech in them for S3Gen's context.
inline constexpr int64_t kMinChunkTokens = 6;

// How far a stream has been spoken.
struct SpokenSoFar {
  int64_t chunks = 0;
  int64_t tokens = 0;
};

// The next chunk, if it is due with `known` tokens of the whole speech, all of them where
// `complete`. Nothing: it needs more of them, or there is no more.
[[nodiscard]] std::optional<runtime::ChunkRange> next_chunk(const runtime::StreamPlan& plan,
                                                            const SpokenSoFar& spoken,
                                                            int64_t known, bool complete);

// Whether waiting would give the chunk more of its slack tokens.
[[nodiscard]] bool may_see_more(const runtime::StreamPlan& plan, const runtime::ChunkRange& chunk,
                                bool complete);

// How many more tokens make the next chunk due, where the speech does not end before.
[[nodiscard]] int64_t tokens_missing(const runtime::StreamPlan& plan, const SpokenSoFar& spoken,
                                     int64_t known);

}  // namespace chatterbox::engine
