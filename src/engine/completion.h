// The outcome of a piece of work that one thread does and others wait for.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

#include "support/failure.h"

namespace chatterbox::engine {

// The first outcome stays; later ones are dropped.
template <class Value>
class Completion {
 public:
  void succeed(Value value) noexcept {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (value_ || failure_) return;
    value_.emplace(std::move(value));
    changed_.notify_all();
  }

  void fail(Failure failure) noexcept {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (value_ || failure_) return;
    failure_.emplace(std::move(failure));
    changed_.notify_all();
  }

  [[nodiscard]] bool done() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return value_ || failure_;
  }

  [[nodiscard]] bool wait_until(std::chrono::steady_clock::time_point deadline) const {
    std::unique_lock<std::mutex> lock(mutex_);
    return changed_.wait_until(lock, deadline, [this] { return value_ || failure_; });
  }

  // Waits; throws what ended the work. The reference lives as long as this object.
  [[nodiscard]] const Value& get() const {
    wait();
    if (failure_) failure_->raise();
    return *value_;
  }

  // get() for the only one who waits.
  [[nodiscard]] Value take() {
    wait();
    if (failure_) failure_->raise();
    return std::move(*value_);
  }

 private:
  void wait() const {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return value_ || failure_; });
  }

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::optional<Value> value_;      // never changes again once it is there
  std::optional<Failure> failure_;  // nor does this
};

}  // namespace chatterbox::engine
