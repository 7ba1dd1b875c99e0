// What somebody hears who plays samples from the first on, as they are handed out.
#pragma once

#include <cstdint>
#include <mutex>

#include "engine/bell.h"
#include "engine/result.h"

namespace chatterbox::engine {

// May be told by one thread and asked by another.
class Listener {
 public:
  explicit Listener(TimePoint submitted) : submitted_(submitted) {}

  // Samples were handed out.
  void gets(int64_t samples, int32_t sample_rate, TimePoint now);
  // Seconds until all of it has been heard: less than 0 where that was before. Nothing: nothing was
  // handed out yet.
  [[nodiscard]] std::optional<double> ahead(TimePoint now) const;
  [[nodiscard]] StreamStats stats() const;

 private:
  const TimePoint submitted_;
  mutable std::mutex mutex_;
  double silent_at_ = 0;  // seconds from the submission, when all has been heard
  StreamStats stats_;
};

}  // namespace chatterbox::engine
