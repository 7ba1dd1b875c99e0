// What work takes, learned from work that was done, and what work that lies ahead will take
// therefore. Estimates, for monitors and for the order of work: no sample depends on them.
#pragma once

#include <algorithm>
#include <cstdint>

#include "runtime/task.h"

namespace chatterbox::engine {

// Over some twenty values; of the first ones, their mean.
class MovingAverage {
 public:
  void add(double value) {
    count_ = std::min(count_ + 1, 20);
    value_ += (value - value_) / count_;
  }
  [[nodiscard]] double value() const { return value_; }  // 0 before the first

 private:
  int count_ = 0;
  double value_ = 0;
};

// Seconds; 0 as long as nothing is known.
struct Costs {
  double step = 0;           // of a decode step
  double token = 0;          // the share of it of each request that takes part
  double speech = 0;         // of a unit of speech_work()
  double tokens_per_id = 0;  // speech tokens that come of one id of a text (a number)
  double chunk = 0;          // of a chunk that is not the first of its stream ...
  double chunk_share = 0;    // ... for each second that the one before it lasts
  double first_chunk = 0;    // that the first chunk of a stream lasts
};

// What S3Gen has to do for an utterance: the vocoder's share is about that of two Euler steps.
[[nodiscard]] inline int64_t speech_work(int64_t frames, int64_t cfm_steps) {
  return frames * (cfm_steps + 2);
}

// All that lies ahead of a task of which `drawn` tokens are there.
[[nodiscard]] double seconds_ahead(const Costs& costs, const runtime::Task& task, int64_t drawn);

}  // namespace chatterbox::engine
