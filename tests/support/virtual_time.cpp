#include "support/virtual_time.h"

#include <algorithm>
#include <atomic>

namespace chatterbox::testing {
namespace {

std::atomic<VirtualTime*> the_current{nullptr};

}  // namespace

VirtualTime::VirtualTime(const FakeCosts& costs) : costs_(costs) { the_current = this; }

VirtualTime::~VirtualTime() { the_current = nullptr; }

VirtualTime* VirtualTime::current() { return the_current; }

double VirtualTime::seconds() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return seconds_;
}

std::chrono::steady_clock::time_point VirtualTime::now() const {
  const std::chrono::duration<double> passed(seconds());
  return begin_ + std::chrono::duration_cast<std::chrono::steady_clock::duration>(passed);
}

void VirtualTime::at(double seconds, std::function<void()> event) {
  const std::lock_guard<std::mutex> lock(mutex_);
  events_.emplace(seconds, std::move(event));
}

void VirtualTime::pass(double seconds) {
  std::unique_lock<std::mutex> lock(mutex_);
  const double end = seconds_ + seconds;
  while (!events_.empty() && events_.begin()->first <= end) {
    const auto event = events_.extract(events_.begin());
    seconds_ = std::max(seconds_, event.key());
    lock.unlock();
    event.mapped()();
    lock.lock();
  }
  seconds_ = std::max(seconds_, end);
}

}  // namespace chatterbox::testing
