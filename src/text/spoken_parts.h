// The steps of spoken_form(), and what they share. Each takes and gives a whole text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace chatterbox::text {

using Text = std::u32string;
using TextView = std::u32string_view;

[[nodiscard]] Text spell_abbreviations(TextView text);  // and dashes, and signs between numbers
[[nodiscard]] Text spell_times(TextView text);
[[nodiscard]] Text spell_phone_numbers(TextView text);
[[nodiscard]] Text spell_numbers(TextView text);  // amounts, units, years, ordinals, ...

// What a rule makes of the text before `end`.
struct Spelt {
  size_t end = 0;
  Text words;
};

// `rule(text, i)` tries what begins at i, and gives std::optional<Spelt>; it sees what is before i,
// too, as it was. The first match from the left counts, and the next one begins behind it.
template <class Rule>
[[nodiscard]] Text spell_all(TextView text, Rule rule) {
  Text spelt;
  for (size_t i = 0; i < text.size();) {
    if (const std::optional<Spelt> match = rule(text, i)) {
      spelt += match->words;
      i = match->end;
    } else {
      spelt += text[i++];
    }
  }
  return spelt;
}

[[nodiscard]] inline bool is_ascii_digit(char32_t c) { return c >= U'0' && c <= U'9'; }
[[nodiscard]] inline bool is_ascii_letter(char32_t c) {
  return (c >= U'a' && c <= U'z') || (c >= U'A' && c <= U'Z');
}
// \d, \w and \s of Python's re.
[[nodiscard]] bool is_digit(char32_t c);
[[nodiscard]] bool is_word(char32_t c);
[[nodiscard]] bool is_space(char32_t c);
[[nodiscard]] int64_t digit_value(char32_t digit);
// As Python compares characters where it ignores case: the dotless and the dotted I are an i.
[[nodiscard]] char32_t folded(char32_t c);
[[nodiscard]] inline bool is_letter_of_any_case(char32_t c) {
  return folded(c) >= U'a' && folded(c) <= U'z';
}

[[nodiscard]] inline bool is_one_of(char32_t c, TextView set) {
  return set.find(c) != TextView::npos;
}
// Where the characters from `begin` on end that `is` holds for.
template <class Is>
[[nodiscard]] size_t skip(TextView text, size_t begin, Is is) {
  while (begin < text.size() && is(text[begin])) ++begin;
  return begin;
}
[[nodiscard]] inline bool begins(TextView text, size_t at, TextView with) {
  return at <= text.size() && text.substr(at, with.size()) == with;
}
// The character at `i`, or 0 behind the end.
[[nodiscard]] inline char32_t at_or_end(TextView text, size_t i) {
  return i < text.size() ? text[i] : U'\0';
}

// Digits that Python makes no int of: its limit is 4300 (sys.int_info.default_max_str_digits).
[[nodiscard]] inline bool is_too_long(TextView digits) { return digits.size() > 4300; }
// ASCII digits without leading zeros.
[[nodiscard]] TextView significant(TextView digits);
// "forty two". `group`: of three digits, from the right; 1: thousands.
[[nodiscard]] Text cardinal(int64_t number, size_t group = 0);
// Of ASCII digits: 0 is "zero", full hundreds below 3000 are "fifteen hundred", and from 10^18 on
// digits stay.
[[nodiscard]] Text number_words(TextView digits);
[[nodiscard]] Text ordinal_words(TextView digits);  // "forty second"

}  // namespace chatterbox::text
