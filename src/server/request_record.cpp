#include "server/request_record.h"

#include <chrono>
#include <cmath>
#include <ctime>
#include <nlohmann/json.hpp>

namespace chatterbox::server {
namespace {

// RFC 3339, in UTC, to the millisecond.
std::string now() {
  const auto time = std::chrono::system_clock::now();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  const auto millis =
      std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count() % 1000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  const size_t size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S.", &parts);
  std::string digits = std::to_string(1000 + millis);
  return std::string(text, size) + digits.substr(1) + "Z";
}

double milliseconds(double seconds) { return std::round(seconds * 1000) / 1000; }

}  // namespace

std::string to_log_line(const RequestRecord& record) {
  nlohmann::ordered_json line = {
      {"time", now()},           {"id", record.id},
      {"client", record.client}, {"method", record.method},
      {"route", record.route},   {"status", record.status},
      {"end", record.end},       {"seconds", milliseconds(record.seconds)},
      {"bytes", record.bytes}};
  if (!record.error.empty()) line["error"] = record.error;
  if (!record.model.empty()) line["model"] = record.model;
  if (!record.voice.empty()) line["voice"] = record.voice;
  if (!record.format.empty()) line["format"] = record.format;
  if (record.seed) line["seed"] = *record.seed;
  if (record.characters > 0) line["characters"] = record.characters;
  if (record.speech_tokens > 0) {
    line["text_tokens"] = record.text_tokens;
    line["speech_tokens"] = record.speech_tokens;
    line["queued_seconds"] = milliseconds(record.queued_seconds);
  }
  if (record.first_audio_seconds > 0) {
    line["audio_seconds"] = milliseconds(record.audio_seconds);
    line["first_audio_seconds"] = milliseconds(record.first_audio_seconds);
    line["underrun_seconds"] = milliseconds(record.largest_underrun_seconds);
  }
  return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace chatterbox::server
