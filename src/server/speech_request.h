// What a client asks the server to say: the body of POST /v1/audio/speech.
#pragma once

#include <chatterbox/chatterbox.hpp>
#include <cstddef>
#include <string>

#include "app/option_fields.h"
#include "server/formats.h"
#include "server/json_fields.h"

namespace chatterbox::server {

// A voice by its name or by the id of its content; both empty: the model's own.
struct VoiceChoice {
  std::string name;
  std::string id;
};

struct SpeechRequest {
  std::string model;  // empty: the first
  VoiceChoice voice;
  const ResponseFormat* format = nullptr;
  double speed = 1;
  bool sse = false;           // events instead of the file's bytes
  bool streams = true;        // audio leaves while it is made
  LongTextOptions long_text;  // how pieces are joined
  Request request;            // without its voice
};

struct SpeechLimits {
  size_t max_characters = 100000;
};

// Both throw ApiError 400 that names the field; the ranges of a Request's members are the engine's
// business.
[[nodiscard]] SpeechRequest parse_speech(const nlohmann::json& object, const SpeechLimits& limits);
// Without the text, which comes later; in pcm unless it says otherwise. `type` is not looked at.
[[nodiscard]] SpeechRequest parse_fed_speech(const nlohmann::json& object);

// The fields that conversions have, too.
[[nodiscard]] VoiceChoice read_voice_choice(JsonFields& fields);
[[nodiscard]] const ResponseFormat& read_format(JsonFields& fields,
                                                const std::string& otherwise = "mp3");
// A client may stand back, but not push itself before others.
void check_priority(int32_t priority);
template <class Options>
void read_options(JsonFields& fields, const app::OptionTable<Options>& table, Options& to) {
  for (const auto& [name, set] : table) {
    const nlohmann::json* const value = fields.find(name);
    if (value == nullptr) continue;
    try {
      set(to, name, *value);
    } catch (const Error& error) {
      throw bad_value(name, error.what());
    }
  }
}

// Characters of UTF-8.
[[nodiscard]] size_t count_characters(const std::string& text);

}  // namespace chatterbox::server
