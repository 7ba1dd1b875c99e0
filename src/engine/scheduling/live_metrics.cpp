#include "engine/scheduling/live_metrics.h"

#include <algorithm>

namespace chatterbox::engine {

void LiveMetrics::started(TimePoint now) noexcept {
  if (running_++ == 0) worked(now);
}

void LiveMetrics::took_rows(int64_t rows) noexcept {
  rows_ += rows;
  peak_rows_ = std::max<int64_t>(peak_rows_, rows_);
}

void LiveMetrics::stepped(double seconds, int64_t requests) {
  ++decode_steps_;
  speech_tokens_ += requests;
  const std::lock_guard<std::mutex> lock(mutex_);
  step_.add(seconds);
  token_.add(seconds / static_cast<double>(requests));
}

void LiveMetrics::generated(int64_t text_ids, int64_t speech_tokens) {
  if (text_ids == 0) return;
  const std::lock_guard<std::mutex> lock(mutex_);
  tokens_per_id_.add(static_cast<double>(speech_tokens) / static_cast<double>(text_ids));
}

void LiveMetrics::spoke(double seconds, int64_t work) {
  if (work == 0) return;
  const std::lock_guard<std::mutex> lock(mutex_);
  speech_.add(seconds / static_cast<double>(work));
}

void LiveMetrics::spoke_chunk(double seconds, double lasts, double heard_meanwhile) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (heard_meanwhile > 0) {
    chunk_.add(seconds);
    heard_meanwhile_.add(heard_meanwhile);
  } else if (lasts > 0) {
    first_chunk_.add(lasts);
  }
}

void LiveMetrics::made_audio(double seconds) {
  const std::lock_guard<std::mutex> lock(mutex_);
  audio_seconds_ += seconds;
}

void LiveMetrics::set_prefixes(const runtime::PrefixStats& stats) noexcept {
  prefix_hits_ = stats.hits;
  prefix_misses_ = stats.misses;
  prefix_positions_saved_ = stats.positions_saved;
}

Costs LiveMetrics::costs() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const double heard = heard_meanwhile_.value();
  const double chunk_share = heard > 0 ? chunk_.value() / heard : 0;
  return {step_.value(),  token_.value(), speech_.value(),     tokens_per_id_.value(),
          chunk_.value(), chunk_share,    first_chunk_.value()};
}

void LiveMetrics::fill(Metrics& metrics, TimePoint now) const {
  metrics.healthy = healthy_;
  metrics.running = running_;
  metrics.rows_in_use = rows_;
  metrics.peak_rows = peak_rows_;
  metrics.prefix_hits = prefix_hits_;
  metrics.prefix_misses = prefix_misses_;
  metrics.prefix_positions_saved = prefix_positions_saved_;
  metrics.speech_tokens = speech_tokens_;
  metrics.decode_steps = decode_steps_;
  metrics.queue_seconds = running_seconds_;
  if (metrics.running > 0) {
    const TimePoint last{TimePoint::duration(last_work_.load())};
    metrics.seconds_since_step = std::max(0.0, seconds(now - last));
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  metrics.step_seconds = step_.value();
  metrics.audio_seconds = audio_seconds_;
}

}  // namespace chatterbox::engine
