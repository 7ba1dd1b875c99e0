#include "text/spoken_form.h"

#include <unicode/uchar.h>

#include <algorithm>

#include "text/spoken_parts.h"
#include "text/unicode.h"

namespace chatterbox::text {
namespace {

UChar32 code(char32_t c) { return static_cast<UChar32>(c); }

Text with_single_spaces(TextView text) {
  return spell_all(text, [](TextView all, size_t i) -> std::optional<Spelt> {
    const size_t end = skip(all, i, is_space);
    if (end == i) return std::nullopt;
    return Spelt{end, U" "};
  });
}

}  // namespace

bool is_digit(char32_t c) { return u_charType(code(c)) == U_DECIMAL_DIGIT_NUMBER; }

int64_t digit_value(char32_t digit) { return u_charDigitValue(code(digit)); }

bool is_space(char32_t c) { return is_python_space(c); }

bool is_word(char32_t c) { return c == U'_' || is_letter(c) || is_number(c); }

// The others that Python compares with ASCII letters are gone after NFKC.
char32_t folded(char32_t c) {
  if (c >= U'A' && c <= U'Z') return c - U'A' + U'a';
  return c == U'İ' || c == U'ı' ? U'i' : c;
}

std::string spoken_form(std::string_view text) {
  const Text plain = with_single_spaces(compose_compatible(text));
  return to_utf8(spell_numbers(spell_phone_numbers(spell_times(spell_abbreviations(plain)))));
}

}  // namespace chatterbox::text
