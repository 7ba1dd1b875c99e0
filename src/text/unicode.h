// Code points and texts by the rules of the programs that the reference relies on.
#pragma once

#include <string>
#include <string_view>

namespace chatterbox::text {

[[nodiscard]] bool is_python_space(char32_t c);  // str.isspace of one character
// Without the white space of Python at both ends, and whether there is nothing else. `text` is
// UTF-8.
[[nodiscard]] std::string_view trim(std::string_view text);
[[nodiscard]] bool is_blank(std::string_view text);
[[nodiscard]] bool is_python_lower(char32_t c);      // str.islower of one character
[[nodiscard]] std::string python_upper(char32_t c);  // str.upper of one character, UTF-8

// Rust's regex crate and Oniguruma, which the tokenizers crate uses.
[[nodiscard]] bool is_regex_word(char32_t c);   // \w
[[nodiscard]] bool is_regex_space(char32_t c);  // \s

[[nodiscard]] bool is_letter(char32_t c);        // general category L
[[nodiscard]] bool is_other_letter(char32_t c);  // Lo: letters without case
[[nodiscard]] bool is_number(char32_t c);        // N
[[nodiscard]] bool is_han(char32_t c);           // script
// Whether there is something to speak: no punctuation, white space or control character.
[[nodiscard]] bool is_speakable(char32_t c);

[[nodiscard]] std::string to_utf8(char32_t c);
[[nodiscard]] std::string to_utf8(std::u32string_view text);
// str.lower, then compatibility decomposition (NFKD). `text` is UTF-8; kInvalidArgument above
// 16 MiB.
[[nodiscard]] std::string lower_and_decompose(std::string_view text);
// Compatibility composition (NFKC); the same errors.
[[nodiscard]] std::u32string compose_compatible(std::string_view text);

}  // namespace chatterbox::text
