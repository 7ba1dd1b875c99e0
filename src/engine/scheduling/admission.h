// Which job may start now. Pure functions over plain counters.
#pragma once

#include <algorithm>
#include <cstdint>

#include "engine/scheduling/costs.h"
#include "runtime/options.h"

namespace chatterbox::engine {

// What is running.
struct Occupancy {
  int64_t sequences = 0;         // all that have started and are not done
  int64_t in_prefill = 0;        // those of them that T3 reads the text of
  int64_t drawing = 0;           // those that draw tokens
  int64_t reading = 0;           // those whose recording is read: conversions and voices
  int64_t rows = 0;              // of the KV cache, in use
  bool batch_is_closed = false;  // in mode kBatch: it has begun
  // That are spoken in chunks and whose readers keep up; a long text is one. ...
  int64_t streams = 0;
  int64_t starting_streams = 0;  // ... those whose listeners are not kSettledSeconds ahead yet
};

struct AdmissionLimits {
  Mode mode = Mode::kDynamic;
  int64_t max_batch = 0;  // that draw tokens, or are about to
  int64_t rows = 0;
  int64_t max_streams = 0;  // 0: as many as sustainable_streams()
  int64_t prefills = 1;     // in mode dynamic: texts that T3 reads at a time
};

enum class Admission {
  kNow,
  kNotYet,       // nor any that waits behind it
  kOthersFirst,  // others may start before it
};

// At most max_batch sequences draw tokens, and about as many wait for S3Gen: fewer than max_batch
// wait for it when a step begins, and if then all that draw finish at once, there are fewer than
// twice as many.
[[nodiscard]] inline bool has_room_for_another(const Occupancy& now,
                                               const AdmissionLimits& limits) {
  if (limits.mode == Mode::kSequential) return now.sequences == 0;
  return !now.batch_is_closed && now.sequences < 2 * limits.max_batch;
}

// Of a request that takes `rows` of the KV cache.
[[nodiscard]] inline bool may_start_speech(const Occupancy& now, const AdmissionLimits& limits,
                                           int64_t rows) {
  if (!has_room_for_another(now, limits)) return false;
  // While those that are read together are, another would only hold rows.
  if (limits.mode == Mode::kDynamic && now.in_prefill >= limits.prefills) return false;
  return now.in_prefill + now.drawing < limits.max_batch && now.rows + rows <= limits.rows;
}

// Of a conversion or a voice: they take no rows, but are read one at a time, and keep their
// recordings until then.
[[nodiscard]] inline bool may_start_reading(const Occupancy& now, const AdmissionLimits& limits) {
  return has_room_for_another(now, limits) && now.reading < limits.max_batch;
}

// What is measured, is measured on so many.
inline constexpr int64_t kUnmeasuredStreams = 24;
// A listener who has so much to hear yet can do without S3Gen while others start.
inline constexpr double kSettledSeconds = 0.75;

// The share of all time that streams may take: what is left makes up for their uneven chunks.
inline constexpr double kStreamsShare = 0.85;

// How many streams can be spoken as fast as they are heard, and never more than `most`: each takes
// its share of the decode steps and its chunks of S3Gen, of one second together in each second;
// where a device `overlaps` both, of one each. The share is what it is now: as more requests share
// a step, it shrinks, and there is room for more.
[[nodiscard]] inline int64_t sustainable_streams(const Costs& costs, bool overlaps, int64_t most) {
  constexpr double kTokenRate = 25;  // speech tokens a second
  if (costs.chunk_share <= 0) return std::min(kUnmeasuredStreams, most);
  const double tokens = kTokenRate * costs.token;
  const double stream = overlaps ? std::max(tokens, costs.chunk_share) : tokens + costs.chunk_share;
  const double streams = std::min(kStreamsShare / stream, static_cast<double>(most));
  return std::max<int64_t>(1, static_cast<int64_t>(streams));
}

// The share of the time in which first chunks are heard that second ones may take: what is left is
// T3's, and makes up for chunks that take longer than others.
inline constexpr double kSecondChunksShare = 0.65;

// How many streams may be at their beginning, of `most` that can be sustained. A third: where first
// chunks are short, they cost for a second of sound three times what later ones do. More where they
// are long: first chunks go before second ones, so that of those that begin in the same moment the
// last hears its second chunk when all of theirs are spoken, in the time that the settled streams
// leave.
[[nodiscard]] inline int64_t startable_streams(const Occupancy& now, const Costs& costs,
                                               int64_t most) {
  const int64_t third = std::max<int64_t>(1, most / 3);
  if (costs.chunk <= 0) return third;
  const auto settled = static_cast<double>(now.streams - now.starting_streams);
  const double left = 1 - kStreamsShare * settled / static_cast<double>(most);
  const double in_time = kSecondChunksShare * left * costs.first_chunk / costs.chunk;
  return std::max(third, static_cast<int64_t>(std::min(in_time, static_cast<double>(most))));
}

// Of one more stream, which has what else it needs. Where the machine is too slow for those that
// run, none of them gets ahead, and no other starts. tests/engine/stream_latency_test.cpp has what
// that gives.
[[nodiscard]] inline bool may_start_stream(const Occupancy& now, const AdmissionLimits& limits,
                                           const Costs& costs, bool overlaps) {
  if (limits.max_streams != 0) return now.streams < limits.max_streams;
  const int64_t most = sustainable_streams(costs, overlaps, limits.max_batch);
  return now.streams < most && now.starting_streams < startable_streams(now, costs, most);
}

}  // namespace chatterbox::engine
