// UTF-8, as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace chatterbox {

struct CodePoint {
  char32_t value = 0;
  size_t size = 0;  // bytes; 0 where the text is not UTF-8
};

// The code point that starts at byte `position`, which must be below text.size().
[[nodiscard]] CodePoint decode_utf8(std::string_view text, size_t position);

// The first byte of the first sequence that is not UTF-8.
[[nodiscard]] std::optional<size_t> first_invalid_utf8(std::string_view text);

[[nodiscard]] inline bool is_valid_utf8(std::string_view text) { return !first_invalid_utf8(text); }

}  // namespace chatterbox
