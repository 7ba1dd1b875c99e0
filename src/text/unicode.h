// Code points by the classes of the programs that the reference relies on.
#pragma once

#include <string>
#include <string_view>

namespace chatterbox::text {

[[nodiscard]] bool is_python_space(char32_t c);      // str.isspace of one character
[[nodiscard]] bool is_python_lower(char32_t c);      // str.islower of one character
[[nodiscard]] std::string python_upper(char32_t c);  // str.upper of one character, UTF-8

// Rust's regex crate, which the tokenizers crate uses.
[[nodiscard]] bool is_regex_word(char32_t c);   // \w
[[nodiscard]] bool is_regex_space(char32_t c);  // \s

}  // namespace chatterbox::text
