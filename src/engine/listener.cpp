#include "engine/listener.h"

#include <algorithm>

namespace chatterbox::engine {

void Listener::gets(int64_t samples, int32_t sample_rate, TimePoint now) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const double at = seconds(now - submitted_);
  std::vector<ChunkStats>& chunks = stats_.chunks;
  if (chunks.empty()) {
    stats_.first_sound = at;
    silent_at_ = at;
  }
  // A player that has nothing to play waits, and goes on from there.
  stats_.largest_underrun = std::max(stats_.largest_underrun, at - silent_at_);
  silent_at_ = std::max(silent_at_, at) + static_cast<double>(samples) / sample_rate;
  const int64_t first = chunks.empty() ? 0 : chunks.back().first + chunks.back().samples;
  chunks.push_back({first, samples, at});
}

std::optional<double> Listener::ahead(TimePoint now) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (stats_.chunks.empty()) return std::nullopt;
  return silent_at_ - seconds(now - submitted_);
}

StreamStats Listener::stats() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return stats_;
}

}  // namespace chatterbox::engine
