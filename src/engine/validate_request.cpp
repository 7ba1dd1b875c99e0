#include <algorithm>
#include <string_view>

#include "engine/validate.h"
#include "support/error.h"
#include "support/ranges.h"
#include "support/utf8.h"
#include "text/unicode.h"

namespace chatterbox::engine {
namespace {

constexpr size_t kMaxTextBytes = 10000;
constexpr size_t kMaxLongTextBytes = size_t{16} << 20U;
constexpr int32_t kMaxSteps = 100;
constexpr int32_t kMaxPriority = 100;
constexpr int32_t kMaxBlock = 256;
constexpr double kMaxShift = 100;
constexpr double kMinPromptSeconds = 0.5;

void check_characters(std::string_view text) {
  if (const auto nul = text.find('\0'); nul != std::string_view::npos) {
    fail(Status::kInvalidArgument, "text must not contain NUL, got one at byte {}", nul);
  }
  if (const auto invalid = first_invalid_utf8(text)) {
    fail(Status::kInvalidArgument, "text must be UTF-8, byte {} (0x{:02x}) is not", *invalid,
         static_cast<unsigned char>(text[*invalid]));
  }
}

void check_text(std::string_view text, size_t max_bytes) {
  if (text.size() > max_bytes) {
    fail(Status::kInvalidArgument, "text must have at most {} bytes, got {}", max_bytes,
         text.size());
  }
  check_characters(text);
  if (text::is_blank(text)) fail(Status::kInvalidArgument, "text must not be blank");
}

void check_voice(const std::optional<Voice>& voice) {
  if (voice && !voice->conditionals()) {
    fail(Status::kInvalidArgument, "voice must not have been moved from");
  }
}

// Which languages there are is the model's business.
void check_language(const std::string& language) {
  constexpr size_t kMaxLetters = 16;
  const auto printable = [](char c) { return c > ' ' && c < '\x7f'; };
  if (language.size() > kMaxLetters || !std::all_of(language.begin(), language.end(), printable)) {
    fail(Status::kInvalidArgument,
         "language must be a code of at most {} letters, such as fr, got one of {} bytes",
         kMaxLetters, language.size());
  }
}

void check_job(const JobOptions& options) {
  check_range("priority", options.priority, -kMaxPriority, kMaxPriority);
  if (options.deadline && options.deadline->count() < 1) {
    fail(Status::kInvalidArgument, "deadline must be at least 1 ms, got {}",
         options.deadline->count());
  }
  if (options.wait_for_room.count() < 0 && options.wait_for_room != kForever) {
    fail(Status::kInvalidArgument, "wait_for_room must be at least 0 ms, or -1 for ever, got {}",
         options.wait_for_room.count());
  }
}

template <class Number>
void check_range(const char* name, const std::optional<Number>& value, Number min, Number max) {
  if (value) chatterbox::check_range(name, *value, min, max);
}

void check_all_but_text(const Request& request) {
  check_job(request);
  validate_stream(request, request.noise);
  check_voice(request.voice);
  if (request.temperature && *request.temperature != 0 &&
      !within(*request.temperature, 0.05F, 5.F)) {
    fail(Status::kInvalidArgument, "temperature must be 0 or in [0.05, 5], got {}",
         *request.temperature);
  }
  check_range("cfg_weight", request.cfg_weight, 0.F, 5.F);
  check_range("exaggeration", request.exaggeration, 0.F, 2.F);
  check_range("min_p", request.min_p, 0.F, 1.F);
  if (request.top_p && !(*request.top_p > 0 && *request.top_p <= 1)) {
    fail(Status::kInvalidArgument, "top_p must be above 0 and at most 1, got {}", *request.top_p);
  }
  check_range("repetition_penalty", request.repetition_penalty, 0.5F, 5.F);
  check_range("max_new_tokens", request.max_new_tokens, 1, 4096);
  check_range("cfm_steps", request.cfm_steps, 1, kMaxSteps);
  check_range("cfg_steps", request.cfg_steps, 0, kMaxSteps);
  check_range("top_k", request.top_k, 0, 10000);
  check_range("block_size", request.blocks.size, 1, kMaxBlock);
  check_range("block_passes", request.blocks.passes, 1, kMaxSteps);
  check_range("schedule_shift", request.blocks.schedule_shift, 0.0, kMaxShift);
  check_range("early_decoding", request.blocks.early_decoding, 0.0, kMaxShift);
  check_language(request.language);
}

void check_pause(const LongTextOptions& options) {
  if (!within(options.pause, 0.0, kMaxPause)) {
    fail(Status::kInvalidArgument, "pause must be in [0, {}] seconds, got {}", kMaxPause,
         options.pause);
  }
}

}  // namespace

void validate_request(const Request& request) {
  check_text(request.text, kMaxTextBytes);
  check_all_but_text(request);
}

void validate_long_text(std::string_view text) { check_text(text, kMaxLongTextBytes); }

void validate_fed_text(std::string_view text, size_t bytes_before) {
  if (text.size() > kMaxLongTextBytes - std::min(kMaxLongTextBytes, bytes_before)) {
    fail(Status::kInvalidArgument, "all text together must have at most {} bytes, got {} after {}",
         kMaxLongTextBytes, text.size(), bytes_before);
  }
  check_characters(text);
}

void validate_text_to_come(const Request& request, const LongTextOptions& options) {
  validate_fed_text(request.text, 0);
  check_all_but_text(request);
  check_pause(options);
}

void validate_long_text(const Request& request, const LongTextOptions& options) {
  validate_long_text(request.text);
  check_all_but_text(request);
  check_pause(options);
}

void validate_conversion(const Conversion& conversion) {
  check_job(conversion);
  validate_stream(conversion, conversion.noise);
  validate_recording(conversion.source, kMinSourceSeconds);
  check_voice(conversion.voice);
  check_range("cfm_steps", conversion.cfm_steps, 1, kMaxSteps);
  check_range("cfg_steps", conversion.cfg_steps, 0, kMaxSteps);
}

void validate_voice_options(const VoiceOptions& options) {
  if (!within(options.prompt_seconds, kMinPromptSeconds, voice::kMaxPromptSeconds)) {
    fail(Status::kInvalidArgument, "prompt_seconds must be in [{}, {}], got {}", kMinPromptSeconds,
         voice::kMaxPromptSeconds, options.prompt_seconds);
  }
}

}  // namespace chatterbox::engine
