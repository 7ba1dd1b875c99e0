#include <string_view>

#include "engine/validate.h"
#include "support/error.h"
#include "support/utf8.h"

namespace chatterbox::engine {
namespace {

constexpr size_t kMaxTextBytes = 10000;

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

void check_text(std::string_view text) {
  if (text.size() > kMaxTextBytes) {
    fail(Status::kInvalidArgument, "text must have at most {} bytes, got {}", kMaxTextBytes,
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

}  // namespace

void validate_request(const Request& request) {
  check_text(request.text);
  if (request.voice && !request.voice->impl()) {
    fail(Status::kInvalidArgument, "voice must not have been moved from");
  }
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
  check_range("cfm_steps", request.cfm_steps, 1, 100);
}

}  // namespace chatterbox::engine
