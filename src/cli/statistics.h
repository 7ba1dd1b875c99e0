// What --json writes.
#pragma once

#include <chatterbox/chatterbox.hpp>
#include <nlohmann/json.hpp>
#include <string>

namespace chatterbox::cli {

[[nodiscard]] nlohmann::ordered_json statistics(const Result& result);
[[nodiscard]] nlohmann::ordered_json statistics(const EngineInfo& info);
[[nodiscard]] nlohmann::ordered_json statistics(const Limits& limits);
[[nodiscard]] nlohmann::ordered_json statistics(const Metrics& metrics);
[[nodiscard]] nlohmann::ordered_json statistics(const Voice& voice);

// Where a Piece or a Word lies in the text and in the speech.
template <class Span>
[[nodiscard]] nlohmann::ordered_json place_of(const Span& span) {
  return {{"text_begin", span.text_begin},
          {"text_end", span.text_end},
          {"begin_seconds", span.begin_seconds},
          {"end_seconds", span.end_seconds}};
}

[[nodiscard]] double peak_rss_mib();  // of this process

// On one line, without its end.
[[nodiscard]] std::string to_line(const nlohmann::ordered_json& json);
// To the file, or to standard output for "-". Throws Error(kIo).
void write_json(const std::string& path, const nlohmann::ordered_json& json);

}  // namespace chatterbox::cli
