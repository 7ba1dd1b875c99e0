// What --json writes.
#pragma once

#include <chatterbox/chatterbox.hpp>
#include <nlohmann/json.hpp>
#include <string>

namespace chatterbox::cli {

[[nodiscard]] nlohmann::ordered_json statistics(const Result& result);
// The same where the samples went elsewhere.
[[nodiscard]] nlohmann::ordered_json statistics(const Result& result, double audio_seconds);
[[nodiscard]] nlohmann::ordered_json statistics(const EngineInfo& info);
[[nodiscard]] nlohmann::ordered_json statistics(const Capacity& capacity);
[[nodiscard]] nlohmann::ordered_json statistics(const Voice::Info& info);

[[nodiscard]] double peak_rss_mib();  // of this process

// On one line, without its end.
[[nodiscard]] std::string to_line(const nlohmann::ordered_json& json);
// To the file, or to standard output for "-". Throws Error(kIo).
void write_json(const std::string& path, const nlohmann::ordered_json& json);

}  // namespace chatterbox::cli
