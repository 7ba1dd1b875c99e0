// A clock that stands still but for what the fake executors cost, so that latencies are figures
// that a test can state.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>

namespace chatterbox::testing {

// Seconds.
struct FakeCosts {
  double prefill_part = 0;  // of a text or of a recording
  double step = 0;          // a decode step ...
  double step_row = 0;      // ... and of it each row
  double euler_frame = 0;   // an Euler step of one mel frame
  double vocoder_frame = 0;
  int64_t prompt_frames = 0;  // that each utterance has beside its own
  double batch_gain = 0;  // share of the cost that all utterances of a batch but the longest save
  double watermark = 0;
};

// The clock of all fake models, for as long as this object lives. Without one they live in real
// time, and cost nothing.
class VirtualTime {
 public:
  explicit VirtualTime(const FakeCosts& costs = {});
  ~VirtualTime();
  VirtualTime(const VirtualTime&) = delete;
  VirtualTime& operator=(const VirtualTime&) = delete;

  [[nodiscard]] double seconds() const;  // since it was made
  [[nodiscard]] std::chrono::steady_clock::time_point now() const;
  [[nodiscard]] const FakeCosts& costs() const { return costs_; }
  // Calls `event` when so much time has passed, within the call that makes it pass: an executor's,
  // so on an engine's thread.
  void at(double seconds, std::function<void()> event);
  void pass(double seconds);

  [[nodiscard]] static VirtualTime* current();

 private:
  const FakeCosts costs_;
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  mutable std::mutex mutex_;
  double seconds_ = 0;
  std::multimap<double, std::function<void()>> events_;
};

}  // namespace chatterbox::testing
