#include "server/speech_request.h"

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

namespace chatterbox::server {
namespace {

constexpr size_t kMaxInstructions = 4096;  // characters, as OpenAI's

// Speech tokens of the first chunks of a stream. The first lasts a second, in which a machine that
// can just speak to eight listeners makes the second chunks of all of them: so they may begin in
// the same moment.
const std::vector<int32_t> kChunks = {40, 40, 100};

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

// Everything but the text.
SpeechRequest read_common(JsonFields& fields, const std::string& format) {
  SpeechRequest asked;
  asked.model = fields.text("model").value_or("");
  asked.voice = read_voice_choice(fields);
  asked.format = &read_format(fields, format);
  asked.speed = fields.number("speed", 0.25, 4).value_or(1);
  const auto instructions = fields.text("instructions");
  if (instructions && count_characters(*instructions) > kMaxInstructions) {
    throw bad_value("instructions", "instructions must have at most " +
                                        std::to_string(kMaxInstructions) + " characters");
  }
  asked.long_text.pause = fields.number("pause", 0, 10).value_or(asked.long_text.pause);
  StreamOptions& stream = asked.request.stream_options;
  read_options(fields, app::stream_options(), stream);
  if (stream.chunks.empty() && stream.halo == Halo::kExact) stream.chunks = kChunks;
  read_options(fields, app::request_options(), asked.request);
  check_priority(asked.request.priority);
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

const ResponseFormat& read_format(JsonFields& fields, const std::string& otherwise) {
  const std::string name = fields.text("response_format").value_or(otherwise);
  if (const ResponseFormat* const format = find_format(name)) return *format;
  throw ApiError(400, "unsupported_format",
                 "response_format must be one of " + format_names() + ", got " + shown(name),
                 "response_format");
}

void check_priority(int32_t priority) {
  if (priority <= 0) return;
  throw bad_value("priority", "priority must be in [-100, 0], got " + std::to_string(priority));
}

SpeechRequest parse_speech(const nlohmann::json& object, const SpeechLimits& limits) {
  JsonFields fields(object);
  SpeechRequest asked = read_common(fields, "mp3");
  const auto input = fields.text("input");
  asked.sse = read_named<bool>(fields, "stream_format", {{"audio", false}, {"sse", true}}, false);
  asked.streams = fields.boolean("stream").value_or(true);
  fields.refuse_unknown();
  if (asked.request.word_times && !(asked.sse && asked.streams)) {
    throw bad_value("word_times",
                    "word_times must come with stream_format sse, whose events say them");
  }
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

SpeechRequest parse_fed_speech(const nlohmann::json& object) {
  JsonFields fields(object);
  (void)fields.find("type");
  SpeechRequest asked = read_common(fields, "pcm");
  fields.refuse_unknown();
  return asked;
}

}  // namespace chatterbox::server
