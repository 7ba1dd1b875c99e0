#include "text/unicode.h"

#include <unicode/locid.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/uscript.h>

#include <algorithm>

#include "support/error.h"
#include "support/utf8.h"

namespace chatterbox::text {
namespace {

// ICU counts in int32; a character becomes up to 18 in NFKD (U+FDFA).
constexpr size_t kMaxBytes = size_t{16} << 20U;

// Most characters of most texts, for which ICU need not be asked.
bool is_ascii(char32_t c) { return c < 0x80; }

UChar32 code(char32_t c) { return static_cast<UChar32>(c); }

void check(UErrorCode error) {
  if (U_FAILURE(error) != 0) {
    fail(Status::kInternal, "a Unicode normalisation failed: {}", u_errorName(error));
  }
}

icu::UnicodeString read(std::string_view text) {
  if (text.size() > kMaxBytes) {
    fail(Status::kInvalidArgument, "text must have at most {} bytes, has {}", kMaxBytes,
         text.size());
  }
  const auto size = static_cast<int32_t>(text.size());
  return icu::UnicodeString::fromUTF8(icu::StringPiece(text.data(), size));
}

}  // namespace

// Python adds the separators U+001C to U+001F (bidirectional classes B and S) to White_Space.
bool is_python_space(char32_t c) {
  if (is_ascii(c)) return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1C && c <= 0x1F);
  return u_isUWhiteSpace(code(c)) != 0;
}

std::string_view trim(std::string_view text) {
  size_t begin = text.size(), end = 0;
  for (size_t i = 0; i < text.size();) {
    const CodePoint c = decode_utf8(text, i);
    if (!is_python_space(c.value)) {
      begin = std::min(begin, i);
      end = i + c.size;
    }
    i += c.size;
  }
  return end == 0 ? std::string_view() : text.substr(begin, end - begin);
}

bool is_blank(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const CodePoint c = decode_utf8(text, i);
    if (!is_python_space(c.value)) return false;
    i += c.size;
  }
  return true;
}

bool is_python_lower(char32_t c) { return u_isULowercase(code(c)) != 0; }

std::string python_upper(char32_t c) {
  std::string upper;
  icu::UnicodeString(code(c)).toUpper(icu::Locale::getRoot()).toUTF8String(upper);
  return upper;
}

// Unicode Technical Standard 18, annex C: alphabetic, marks, decimal digits, connectors, joiners.
bool is_regex_word(char32_t c) {
  if (is_ascii(c)) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  }
  constexpr uint32_t kCategories = U_GC_M_MASK | U_GC_ND_MASK | U_GC_PC_MASK;
  return u_isUAlphabetic(code(c)) != 0 || (U_GET_GC_MASK(code(c)) & kCategories) != 0 ||
         u_hasBinaryProperty(code(c), UCHAR_JOIN_CONTROL) != 0;
}

bool is_regex_space(char32_t c) {
  if (is_ascii(c)) return c == ' ' || (c >= '\t' && c <= '\r');
  return u_isUWhiteSpace(code(c)) != 0;
}

bool is_speakable(char32_t c) {
  constexpr uint32_t kSilent = U_GC_P_MASK | U_GC_Z_MASK | U_GC_C_MASK;
  return (U_GET_GC_MASK(code(c)) & kSilent) == 0;
}

bool is_letter(char32_t c) { return (U_GET_GC_MASK(code(c)) & U_GC_L_MASK) != 0; }

bool is_other_letter(char32_t c) { return u_charType(code(c)) == U_OTHER_LETTER; }

bool is_number(char32_t c) { return (U_GET_GC_MASK(code(c)) & U_GC_N_MASK) != 0; }

bool is_han(char32_t c) {
  UErrorCode error = U_ZERO_ERROR;
  return uscript_getScript(code(c), &error) == USCRIPT_HAN;
}

std::string to_utf8(char32_t c) {
  std::string bytes;
  icu::UnicodeString(code(c)).toUTF8String(bytes);
  return bytes;
}

std::string to_utf8(std::u32string_view text) {
  std::string bytes;
  for (const char32_t c : text) {
    is_ascii(c) ? bytes.push_back(static_cast<char>(c)) : static_cast<void>(bytes += to_utf8(c));
  }
  return bytes;
}

std::string lower_and_decompose(std::string_view text) {
  icu::UnicodeString lower = read(text);
  UErrorCode error = U_ZERO_ERROR;
  const icu::Normalizer2* nfkd = icu::Normalizer2::getNFKDInstance(error);
  check(error);
  const icu::UnicodeString decomposed =
      nfkd->normalize(lower.toLower(icu::Locale::getRoot()), error);
  check(error);
  std::string bytes;
  decomposed.toUTF8String(bytes);
  return bytes;
}

std::u32string compose_compatible(std::string_view text) {
  if (const auto invalid = first_invalid_utf8(text)) {
    fail(Status::kInvalidArgument, "text must be UTF-8, byte {} is not", *invalid);
  }
  UErrorCode error = U_ZERO_ERROR;
  const icu::Normalizer2* nfkc = icu::Normalizer2::getNFKCInstance(error);
  check(error);
  const icu::UnicodeString composed = nfkc->normalize(read(text), error);
  check(error);
  std::u32string characters;
  for (int32_t i = 0; i < composed.length();) {
    const UChar32 c = composed.char32At(i);
    characters.push_back(static_cast<char32_t>(c));
    i += U16_LENGTH(c);
  }
  return characters;
}

}  // namespace chatterbox::text
