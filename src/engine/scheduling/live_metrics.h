// How much is going on, and what has been. Written by the engine's threads, read by any.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>

#include "engine/bell.h"
#include "engine/result.h"
#include "engine/scheduling/costs.h"
#include "runtime/executor.h"

namespace chatterbox::engine {

class LiveMetrics {
 public:
  // A piece of work ended.
  void worked(TimePoint now) noexcept { last_work_ = now.time_since_epoch().count(); }
  void started(TimePoint now) noexcept;
  void ended() noexcept { --running_; }
  void took_rows(int64_t rows) noexcept;
  void freed_rows(int64_t rows) noexcept { rows_ -= rows; }
  // A decode step that so many took part in.
  void stepped(double seconds, int64_t requests);
  // All tokens of a text of so many ids are there.
  void generated(int64_t text_ids, int64_t speech_tokens);
  // A batch of so much speech_work().
  void spoke(double seconds, int64_t work);
  // A chunk of a stream that took `seconds` and `lasts` so long; `heard_meanwhile`: what the chunk
  // before it lasts, 0 of the first.
  void spoke_chunk(double seconds, double lasts, double heard_meanwhile);
  void made_audio(double seconds);
  void set_prefixes(const runtime::PrefixStats& stats) noexcept;
  void set_running_seconds(double seconds) noexcept { running_seconds_ = seconds; }
  void set_unhealthy() noexcept { healthy_ = false; }

  [[nodiscard]] Costs costs() const;
  // All but what the queue and the registry know.
  void fill(Metrics& metrics, TimePoint now) const;

 private:
  std::atomic<bool> healthy_{true};
  std::atomic<int64_t> running_{0}, rows_{0}, peak_rows_{0};
  std::atomic<int64_t> prefix_hits_{0}, prefix_misses_{0}, prefix_positions_saved_{0};
  std::atomic<int64_t> speech_tokens_{0}, decode_steps_{0};
  std::atomic<int64_t> last_work_{0};  // a TimePoint
  std::atomic<double> running_seconds_{0};

  mutable std::mutex mutex_;
  double audio_seconds_ = 0;
  MovingAverage step_, token_, speech_, tokens_per_id_, chunk_, heard_meanwhile_, first_chunk_;
};

}  // namespace chatterbox::engine
