// Character classes against lists from Python and from the tokenizers library.
#include "text/unicode.h"

#include <unicode/uchar.h>

#include <set>

#include "support/utf8.h"
#include "text/text_golden.h"

namespace chatterbox::text {
namespace {

// Python 3.11, the tokenizers library and ICU may each know another version of Unicode: characters
// that are younger than all of them do not count.
bool is_old(char32_t c) {
  UVersionInfo age = {};
  u_charAge(static_cast<UChar32>(c), age);
  constexpr uint8_t kPythonsUnicode = 14;
  return age[0] >= 1 && age[0] <= kPythonsUnicode;
}

void expect_class(const char* name, bool (*predicate)(char32_t),
                  bool (*counts)(char32_t) = is_old) {
  std::set<char32_t> expected;
  for (const auto& run : golden("text_english_extra.json").at("classes").at(name)) {
    for (auto c = run[0].get<uint32_t>(); c <= run[1].get<uint32_t>(); ++c) expected.insert(c);
  }
  ASSERT_GT(expected.size(), 20U);
  for (char32_t c = 0; c < 0x110000; ++c) {
    if ((c >= 0xD800 && c < 0xE000) || !is_old(c) || !counts(c)) continue;
    ASSERT_EQ(predicate(c), expected.count(c) == 1) << name << " " << std::hex << uint32_t{c};
  }
}

TEST(Unicode, PythonSpace) { expect_class("python_space", is_python_space); }
bool has_upper(char32_t c) {
  const CodePoint upper = decode_utf8(python_upper(c), 0);
  return upper.value != c;
}

// Unicode 15 made some modifier letters lower case. They are their own upper case, so that only
// those that change matter.
TEST(Unicode, PythonLower) { expect_class("python_lower", is_python_lower, has_upper); }
TEST(Unicode, RegexSpace) { expect_class("regex_space", is_regex_space); }
TEST(Unicode, RegexWord) { expect_class("regex_word", is_regex_word); }

TEST(Unicode, TextsAreTrimmedOfAnySpace) {
  EXPECT_EQ(trim("\u3000\x1C\tone\u0085two\u00A0\u2028"), "one\u0085two");
  EXPECT_EQ(trim(""), "");
  EXPECT_TRUE(is_blank(""));
  EXPECT_TRUE(
      is_blank(" \t\n\v\f\r\x1C\x1F\u0085\u00A0\u1680\u2000\u200A\u2028\u2029\u202F\u205F\u3000"));
  EXPECT_FALSE(is_blank(" \u200B "));  // no space to Unicode
}

TEST(Unicode, UpperCaseThatGrows) {
  const auto& grows = golden("text_english_extra.json").at("classes").at("python_upper_grows");
  ASSERT_GT(grows.size(), 90U);
  for (const auto& [c, upper] : grows.get<std::vector<std::pair<uint32_t, std::string>>>()) {
    EXPECT_EQ(python_upper(c), upper) << std::hex << c;
  }
}

}  // namespace
}  // namespace chatterbox::text
