// What is known of a request at its end: one line of the log, and its part of the metrics.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace chatterbox::server {

struct RequestRecord {
  std::string id;  // X-Request-Id
  std::string client;
  std::string method;
  std::string route;  // "/v1/audio/voices/{voice}", so that there are few
  int status = 0;
  // "ok", "refused" (4xx), "busy" (429, 503), "failed" (5xx, or in mid-stream), "disconnect",
  // "slow_reader", "deadline", "shutdown".
  std::string end;
  std::string error;  // the message, if any
  std::string model;
  std::string voice;
  std::string format;
  std::optional<uint64_t> seed;
  size_t characters = 0;
  int64_t text_tokens = 0;
  int64_t speech_tokens = 0;
  double audio_seconds = 0;
  double queued_seconds = 0;
  double first_audio_seconds = 0;  // 0: there was none
  double largest_underrun_seconds = 0;
  double seconds = 0;
  size_t bytes = 0;
};

// One line of JSON, without the line break.
[[nodiscard]] std::string to_log_line(const RequestRecord& record);

}  // namespace chatterbox::server
