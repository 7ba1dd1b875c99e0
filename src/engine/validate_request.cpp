#include <algorithm>
#include <string_view>

#include "engine/validate.h"
#include "support/error.h"
#include "support/utf8.h"

namespace chatterbox::engine {
namespace {

constexpr size_t kMaxTextBytes = 10000;
constexpr size_t kMaxLongTextBytes = size_t{16} << 20U;
constexpr double kMostPause = 10;  // seconds
constexpr int32_t kMostSteps = 100;

// Written so that NaN, which is in no range, fails.
bool within(float value, float least, float most) { return value >= least && value <= most; }

void check_range(const char* name, float value, float least, float most) {
  if (within(value, least, most)) return;
  fail(Status::kInvalidArgument, "{} must be in [{}, {}], got {}", name, least, most, value);
}

void check_range(const char* name, int32_t value, int32_t least, int32_t most) {
  if (value >= least && value <= most) return;
  fail(Status::kInvalidArgument, "{} must be in [{}, {}], got {}", name, least, most, value);
}

// Whether there is nothing but white space, as Unicode defines it. `text` is valid UTF-8.
bool is_blank(std::string_view text) {
  constexpr std::string_view kWideSpaces[] = {
      "\xc2\x85", "\u00a0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003",
      "\u2004",   "\u2005", "\u2006", "\u2007", "\u2008", "\u2009", "\u200a",
      "\u2028",   "\u2029", "\u202f", "\u205f", "\u3000",
  };
  const auto leading_space = [&](std::string_view rest) -> size_t {
    if (std::string_view(" \t\n\v\f\r\x1c\x1d\x1e\x1f").find(rest.front()) !=
        std::string_view::npos) {
      return 1;
    }
    for (const std::string_view space : kWideSpaces) {
      if (rest.substr(0, space.size()) == space) return space.size();
    }
    return 0;
  };
  while (!text.empty()) {
    const size_t space = leading_space(text);
    if (space == 0) return false;
    text.remove_prefix(space);
  }
  return true;
}

void check_text(std::string_view text, size_t max_bytes) {
  if (text.size() > max_bytes) {
    fail(Status::kInvalidArgument, "text must have at most {} bytes, got {}", max_bytes,
         text.size());
  }
  if (const auto nul = text.find('\0'); nul != std::string_view::npos) {
    fail(Status::kInvalidArgument, "text must not contain NUL, got one at byte {}", nul);
  }
  if (const auto invalid = first_invalid_utf8(text)) {
    fail(Status::kInvalidArgument, "text must be UTF-8, byte {} (0x{:02x}) is not", *invalid,
         static_cast<unsigned char>(text[*invalid]));
  }
  if (is_blank(text)) fail(Status::kInvalidArgument, "text must not be blank");
}

void check_voice(const std::optional<Voice>& voice) {
  if (voice && !voice->impl()) {
    fail(Status::kInvalidArgument, "voice must not have been moved from");
  }
}

// Which languages there are is the model's business.
void check_language(const std::string& language) {
  constexpr size_t kMost = 16;
  const auto printable = [](char c) { return c > ' ' && c < '\x7f'; };
  if (language.size() > kMost || !std::all_of(language.begin(), language.end(), printable)) {
    fail(Status::kInvalidArgument,
         "language must be a code of at most {} letters, such as fr, got one of {} bytes", kMost,
         language.size());
  }
}

void check_all_but_text(const Request& request) {
  check_voice(request.voice);
  if (request.temperature != 0 && !within(request.temperature, 0.05F, 5)) {
    fail(Status::kInvalidArgument, "temperature must be 0 or in [0.05, 5], got {}",
         request.temperature);
  }
  check_range("cfg_weight", request.cfg_weight, 0.F, 5.F);
  check_range("exaggeration", request.exaggeration, 0.F, 2.F);
  check_range("min_p", request.min_p, 0.F, 1.F);
  if (!(request.top_p > 0 && request.top_p <= 1)) {
    fail(Status::kInvalidArgument, "top_p must be above 0 and at most 1, got {}", request.top_p);
  }
  check_range("repetition_penalty", request.repetition_penalty, 0.5F, 5.F);
  check_range("max_new_tokens", request.max_new_tokens, 1, 4096);
  check_range("cfm_steps", request.cfm_steps, 1, kMostSteps);
  check_range("top_k", request.top_k, 0, 10000);
  check_language(request.language);
}

}  // namespace

void validate_request(const Request& request) {
  check_text(request.text, kMaxTextBytes);
  check_all_but_text(request);
}

void validate_long_text(const Request& request, const LongTextOptions& options) {
  check_text(request.text, kMaxLongTextBytes);
  check_all_but_text(request);
  if (!(options.pause >= 0 && options.pause <= kMostPause)) {
    fail(Status::kInvalidArgument, "pause must be in [0, {}] seconds, got {}", kMostPause,
         options.pause);
  }
}

void validate_conversion(const Conversion& conversion) {
  validate_recording(conversion.source, kLeastSourceSeconds);
  check_voice(conversion.voice);
  if (conversion.cfm_steps) check_range("cfm_steps", *conversion.cfm_steps, 1, kMostSteps);
}

}  // namespace chatterbox::engine
