// How one thread sleeps until others have something for it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace chatterbox::engine {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;

[[nodiscard]] inline double seconds(Clock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

// When a wait of so long ends; TimePoint::max() for kForever and for what is beyond all time.
// kInvalidArgument for other negative timeouts.
[[nodiscard]] TimePoint end_of_wait(std::chrono::milliseconds timeout, TimePoint now);

// cv.wait_until() that takes TimePoint::max().
template <class Ready>
[[nodiscard]] bool wait_until(std::condition_variable& changed, std::unique_lock<std::mutex>& lock,
                              TimePoint due, Ready ready) {
  if (due != TimePoint::max()) return changed.wait_until(lock, due, ready);
  changed.wait(lock, ready);
  return true;
}

// Stays rung until somebody has waited for it, so that no ring is lost between a look at what there
// is to do and the wait. For one waiter.
class Bell {
 public:
  void ring() noexcept;
  // False: it was not rung until then.
  bool wait_until(TimePoint due);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool rung_ = false;
};

}  // namespace chatterbox::engine
