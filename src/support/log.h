// One engine's log: lines for the host's callback, never for a console.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>

#include "support/format.h"

namespace chatterbox {

// The numbers are CHATTERBOX_LOG_...
enum class LogLevel : int32_t { kDebug = 0, kInfo = 1, kWarning = 2, kError = 3, kOff = 4 };

// Called from any thread, never two at once for one engine. `tag`: of the job that the message is
// about; 0 where it is about none.
using LogCallback = std::function<void(LogLevel, uint64_t tag, std::string_view message)>;

// Copies share the callback. Messages below `level` cost a comparison. An exception from the
// callback, or no memory for a message, drops that message.
class Log {
 public:
  Log() = default;  // drops everything
  Log(LogCallback callback, LogLevel level);

  template <class... Args>
  void debug(uint64_t tag, fmt::format_string<Args...> format, Args&&... args) const noexcept {
    write(LogLevel::kDebug, tag, format, std::forward<Args>(args)...);
  }
  template <class... Args>
  void info(uint64_t tag, fmt::format_string<Args...> format, Args&&... args) const noexcept {
    write(LogLevel::kInfo, tag, format, std::forward<Args>(args)...);
  }
  template <class... Args>
  void warning(uint64_t tag, fmt::format_string<Args...> format, Args&&... args) const noexcept {
    write(LogLevel::kWarning, tag, format, std::forward<Args>(args)...);
  }
  template <class... Args>
  void error(uint64_t tag, fmt::format_string<Args...> format, Args&&... args) const noexcept {
    write(LogLevel::kError, tag, format, std::forward<Args>(args)...);
  }

  // Once it has returned, the callback is not called any more; waits for a call that is under way
  // on another thread. May be called within the callback.
  void close() const noexcept;

 private:
  struct Sink;

  template <class... Args>
  void write(LogLevel level, uint64_t tag, fmt::format_string<Args...> format,
             Args&&... args) const noexcept {
    if (!wants(level)) return;
    try {
      hand_out(level, tag, fmt::format(format, std::forward<Args>(args)...));
    } catch (...) {
      return;  // a log that fails must not fail what is logged
    }
  }
  [[nodiscard]] bool wants(LogLevel level) const noexcept;
  void hand_out(LogLevel level, uint64_t tag, std::string_view message) const;

  std::shared_ptr<Sink> sink_;  // null: drops everything
};

}  // namespace chatterbox
