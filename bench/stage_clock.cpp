#include "stage_clock.h"

#include <utility>

namespace chatterbox::bench {
namespace {

double seconds_between(std::chrono::steady_clock::time_point from,
                       std::chrono::steady_clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

}  // namespace

// A prefill is reported as it begins, a vocoder too: what comes before either is not theirs.
void StageClock::report(const Progress& progress) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const Clock::time_point now = Clock::now();
  Report& last = last_.try_emplace(std::this_thread::get_id(), Report{now}).first->second;
  const Report before = std::exchange(last, {now, progress.stage});
  const double elapsed = seconds_between(before.at, now);
  switch (progress.stage) {
    case Stage::kPrefill:
      if (before.stage == Stage::kPrefill) seconds_.t3 += elapsed;
      break;
    case Stage::kDecode:
      seconds_.t3 += elapsed;
      break;
    case Stage::kFlow:
      (progress.done == 0 ? seconds_.encoder : seconds_.cfm) += elapsed;
      break;
    case Stage::kDone:
      seconds_.vocoder += elapsed;
      if (seconds_.first_done == 0) seconds_.first_done = seconds_between(start_, now);
      break;
    case Stage::kQueued:
    case Stage::kVocoder:
      break;
  }
}

}  // namespace chatterbox::bench
