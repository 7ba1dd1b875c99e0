#include "text/unicode.h"

#include <unicode/locid.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

namespace chatterbox::text {
namespace {

UChar32 code(char32_t c) { return static_cast<UChar32>(c); }

}  // namespace

// Python adds the separators U+001C to U+001F (bidirectional classes B and S) to White_Space.
bool is_python_space(char32_t c) {
  return u_isUWhiteSpace(code(c)) != 0 || (c >= 0x1C && c <= 0x1F);
}

bool is_python_lower(char32_t c) { return u_isULowercase(code(c)) != 0; }

std::string python_upper(char32_t c) {
  std::string upper;
  icu::UnicodeString(code(c)).toUpper(icu::Locale::getRoot()).toUTF8String(upper);
  return upper;
}

// Unicode Technical Standard 18, annex C: alphabetic, marks, decimal digits, connectors, joiners.
bool is_regex_word(char32_t c) {
  constexpr uint32_t kCategories = U_GC_M_MASK | U_GC_ND_MASK | U_GC_PC_MASK;
  return u_isUAlphabetic(code(c)) != 0 || (U_GET_GC_MASK(code(c)) & kCategories) != 0 ||
         u_hasBinaryProperty(code(c), UCHAR_JOIN_CONTROL) != 0;
}

bool is_regex_space(char32_t c) { return u_isUWhiteSpace(code(c)) != 0; }

}  // namespace chatterbox::text
