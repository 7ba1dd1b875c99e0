#include "support/log.h"

#include <spdlog/sinks/base_sink.h>

#include <mutex>
#include <string_view>
#include <utility>

namespace chatterbox {
namespace {

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
    case LogLevel::kOff:
      break;
  }
  return spdlog::level::off;
}

LogLevel from_spdlog(spdlog::level::level_enum level) {
  if (level >= spdlog::level::err) return LogLevel::kError;
  if (level == spdlog::level::warn) return LogLevel::kWarning;
  return level == spdlog::level::info ? LogLevel::kInfo : LogLevel::kDebug;
}

class CallbackSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit CallbackSink(LogCallback callback) : callback_(std::move(callback)) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    try {
      callback_(from_spdlog(message.level),
                std::string_view(message.payload.data(), message.payload.size()));
    } catch (...) {
      // spdlog would report it on the console; a log that fails must not fail what is logged.
      return;
    }
  }
  void flush_() override {}

  LogCallback callback_;
};

}  // namespace

Log make_log(LogCallback callback, LogLevel level) {
  const auto least = callback ? to_spdlog(level) : spdlog::level::off;
  auto log = std::make_shared<spdlog::logger>("chatterbox");
  if (callback) log->sinks().push_back(std::make_shared<CallbackSink>(std::move(callback)));
  log->set_level(least);
  log->set_error_handler([](const std::string&) {});
  return log;
}

}  // namespace chatterbox
