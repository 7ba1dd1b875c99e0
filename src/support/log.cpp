#include "support/log.h"

#include <atomic>
#include <mutex>

namespace chatterbox {

struct Log::Sink {
  std::recursive_mutex mutex;  // a callback may close the log, or cause another message
  LogCallback callback;
  // Changes once, to kOff, with the mutex held; read without it to drop a message at no cost.
  std::atomic<LogLevel> level{LogLevel::kOff};
};

Log::Log(LogCallback callback, LogLevel level) {
  if (!callback || level == LogLevel::kOff) return;
  sink_ = std::make_shared<Sink>();
  sink_->callback = std::move(callback);
  sink_->level = level;
}

void Log::close() const noexcept {
  if (!sink_) return;
  const std::lock_guard<std::recursive_mutex> lock(sink_->mutex);
  sink_->level = LogLevel::kOff;
}

bool Log::wants(LogLevel level) const noexcept {
  if (!sink_) return false;
  return level >= sink_->level;
}

void Log::hand_out(LogLevel level, uint64_t tag, std::string_view message) const {
  const std::lock_guard<std::recursive_mutex> lock(sink_->mutex);
  if (level >= sink_->level) sink_->callback(level, tag, message);
}

}  // namespace chatterbox
