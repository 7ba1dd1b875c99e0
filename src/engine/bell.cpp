#include "engine/bell.h"

#include "engine/request.h"
#include "support/error.h"

namespace chatterbox::engine {

TimePoint end_of_wait(std::chrono::milliseconds timeout, TimePoint now) {
  if (timeout == kForever) return TimePoint::max();
  if (timeout.count() < 0) {
    fail(Status::kInvalidArgument, "a timeout must be at least 0 ms, or -1 for none, got {}",
         timeout.count());
  }
  const auto longest =
      std::chrono::duration_cast<std::chrono::milliseconds>(TimePoint::max() - now);
  return timeout < longest ? now + timeout : TimePoint::max();
}

void Bell::ring() noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  rung_ = true;
  changed_.notify_one();
}

bool Bell::wait_until(TimePoint due) {
  std::unique_lock<std::mutex> lock(mutex_);
  const bool rung = engine::wait_until(changed_, lock, due, [this] { return rung_; });
  rung_ = false;
  return rung;
}

}  // namespace chatterbox::engine
