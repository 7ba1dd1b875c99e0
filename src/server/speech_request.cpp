#include "server/speech_request.h"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>

namespace chatterbox::server {
namespace {

constexpr size_t kMaxInstructions = 4096;  // characters, as OpenAI's

std::optional<float> real(JsonFields& fields, const char* name) {
  constexpr double kMost = std::numeric_limits<float>::max();
  const auto value = fields.number(name, -kMost, kMost);
  return value ? std::optional(static_cast<float>(*value)) : std::nullopt;
}

std::optional<int32_t> whole(JsonFields& fields, const char* name) {
  using Limits = std::numeric_limits<int32_t>;
  const auto value = fields.whole(name, Limits::min(), Limits::max());
  return value ? std::optional(static_cast<int32_t>(*value)) : std::nullopt;
}

template <class Value>
[[nodiscard]] Value read_named(JsonFields& fields, const char* name,
                               const std::map<std::string, Value>& values, Value otherwise) {
  const auto given = fields.text(name);
  if (!given) return otherwise;
  const auto found = values.find(*given);
  if (found != values.end()) return found->second;
  std::string names;
  for (const auto& [known, value] : values) names += (names.empty() ? "" : ", ") + known;
  throw bad_value(name, std::string(name) + " must be one of " + names + ", got " + shown(*given));
}

void read_options(JsonFields& fields, Request& request) {
  request.seed = fields.seed("seed");
  request.language = fields.text("language").value_or("");
  request.temperature = real(fields, "temperature");
  request.cfg_weight = real(fields, "cfg_weight");
  request.exaggeration = real(fields, "exaggeration");
  request.min_p = real(fields, "min_p");
  request.top_p = real(fields, "top_p");
  request.repetition_penalty = real(fields, "repetition_penalty");
  request.max_new_tokens = whole(fields, "max_new_tokens");
  request.cfm_steps = whole(fields, "cfm_steps");
  request.cfg_steps = whole(fields, "cfg_steps");
  request.top_k = whole(fields, "top_k");
  request.analyze_alignment = fields.boolean("analyze_alignment");
  request.text_tags = fields.boolean("text_tags").value_or(false);
  // A client may stand back, but not push itself before others.
  request.priority = static_cast<int32_t>(fields.whole("priority", -100, 0).value_or(0));
  if (const auto deadline = fields.whole("deadline_ms", 1, 86400000)) {
    request.deadline = std::chrono::milliseconds(*deadline);
  }
}

// Everything but the text.
SpeechRequest read_common(JsonFields& fields) {
  SpeechRequest asked;
  asked.model = fields.text("model").value_or("");
  asked.voice = read_voice_choice(fields);
  asked.format = &read_format(fields);
  asked.speed = fields.number("speed", 0.25, 4).value_or(1);
  const auto instructions = fields.text("instructions");
  if (instructions && count_characters(*instructions) > kMaxInstructions) {
    throw bad_value("instructions", "instructions must have at most " +
                                        std::to_string(kMaxInstructions) + " characters");
  }
  asked.long_text.pause = fields.number("pause", 0, 10).value_or(asked.long_text.pause);
  asked.request.stream_options = read_stream_options(fields);
  read_options(fields, asked.request);
  return asked;
}

}  // namespace

size_t count_characters(const std::string& text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

VoiceChoice read_voice_choice(JsonFields& fields) {
  const nlohmann::json* const given = fields.find("voice");
  if (given == nullptr) return {};
  if (!given->is_object()) return {fields.text("voice").value_or(""), ""};
  JsonFields inner(*given);
  VoiceChoice voice{"", inner.text("id").value_or("")};
  if (voice.id.empty() || given->size() != 1) {
    throw bad_value("voice", R"(voice must be a name or {"id": "..."}, got )" + shown(*given));
  }
  return voice;
}

const ResponseFormat& read_format(JsonFields& fields) {
  const std::string name = fields.text("response_format").value_or("mp3");
  if (const ResponseFormat* const format = find_format(name)) return *format;
  throw ApiError(400, "unsupported_format",
                 "response_format must be one of " + format_names() + ", got " + shown(name),
                 "response_format");
}

StreamOptions read_stream_options(JsonFields& fields) {
  StreamOptions options;
  options.halo = read_named<Halo>(
      fields, "halo", {{"exact", Halo::kExact}, {"low-latency", Halo::kLowLatency}}, Halo::kExact);
  const nlohmann::json* const chunks = fields.find("chunks");
  if (chunks == nullptr) return options;
  const bool usable = chunks->is_array() && chunks->size() <= 32 &&
                      std::all_of(chunks->begin(), chunks->end(), [](const nlohmann::json& chunk) {
                        return chunk.is_number_unsigned() && chunk.get<uint64_t>() <= 4096;
                      });
  if (!usable) {
    throw bad_value("chunks",
                    "chunks must be at most 32 whole numbers in [6, 4096], got " + shown(*chunks));
  }
  for (const auto& chunk : *chunks) options.chunks.push_back(chunk.get<int32_t>());
  return options;
}

SpeechRequest parse_speech(const nlohmann::json& object, const SpeechLimits& limits) {
  JsonFields fields(object);
  SpeechRequest asked = read_common(fields);
  const auto input = fields.text("input");
  asked.sse = read_named<bool>(fields, "stream_format", {{"audio", false}, {"sse", true}}, false);
  asked.streams = fields.boolean("stream").value_or(true);
  fields.refuse_unknown();
  if (!input || input->empty()) {
    throw ApiError(400, "missing_parameter", "input must be there: it is the text to speak",
                   "input");
  }
  const size_t characters = count_characters(*input);
  if (characters > limits.max_characters) {
    throw bad_value("input", "input must have at most " + std::to_string(limits.max_characters) +
                                 " characters, got " + std::to_string(characters));
  }
  asked.request.text = *input;
  return asked;
}

}  // namespace chatterbox::server
