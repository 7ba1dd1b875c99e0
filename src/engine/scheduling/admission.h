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
  int64_t streams = 0;  // that are spoken in chunks and whose readers keep up; a long text is one
};

struct AdmissionLimits {
  Mode mode = Mode::kDynamic;
  int64_t max_batch = 0;  // that draw tokens, or are about to
  int64_t rows = 0;
  int64_t max_streams = 0;  // 0: as many as sustainable_streams()
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
  // While one is in its prefill, another would only hold rows.
  if (limits.mode == Mode::kDynamic && now.in_prefill > 0) return false;
  return now.in_prefill + now.drawing < limits.max_batch && now.rows + rows <= limits.rows;
}

// Of a conversion or a voice: they take no rows, but are read one at a time, and keep their
// recordings until then.
[[nodiscard]] inline bool may_start_reading(const Occupancy& now, const AdmissionLimits& limits) {
  return has_room_for_another(now, limits) && now.reading < limits.max_batch;
}

// How many streams can be spoken as fast as they are heard: a decode step gives a token to each of
// them, and what time is left, or all of it where a device `overlaps` both, is S3Gen's. At least
// one; `most` as long as nothing was measured.
[[nodiscard]] inline int64_t sustainable_streams(const Costs& costs, bool overlaps, int64_t most) {
  constexpr double kTokenRate = 25;  // speech tokens a second
  if (costs.chunk <= 0) return most;
  const double left = overlaps ? 1 : std::max(0.0, 1 - kTokenRate * costs.step);
  const double streams = std::min(left / costs.chunk, static_cast<double>(most));
  return std::max<int64_t>(1, static_cast<int64_t>(streams));
}

// Of one more stream, which has what else it needs.
[[nodiscard]] inline bool may_start_stream(const Occupancy& now, const AdmissionLimits& limits,
                                           const Costs& costs, bool overlaps) {
  const int64_t most = limits.max_streams != 0
                           ? limits.max_streams
                           : sustainable_streams(costs, overlaps, limits.max_batch);
  return now.streams < most;
}

}  // namespace chatterbox::engine
