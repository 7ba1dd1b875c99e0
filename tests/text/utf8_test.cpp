#include "support/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace chatterbox {
namespace {

using std::string_literals::operator""s;

TEST(Utf8, DecodesTheLimitsOfEachLength) {
  const std::pair<std::string, char32_t> cases[] = {{"\0"s, 0},
                                                    {"\x7F", 0x7F},
                                                    {"\xC2\x80", 0x80},
                                                    {"\xDF\xBF", 0x7FF},
                                                    {"\xE0\xA0\x80", 0x800},
                                                    {"\xED\x9F\xBF", 0xD7FF},
                                                    {"\xEE\x80\x80", 0xE000},
                                                    {"\xEF\xBF\xBF", 0xFFFF},
                                                    {"\xF0\x90\x80\x80", 0x10000},
                                                    {"\xF4\x8F\xBF\xBF", 0x10FFFF}};
  for (const auto& [bytes, value] : cases) {
    const CodePoint c = decode_utf8("x" + bytes + "y", 1);
    EXPECT_EQ(c.value, value);
    EXPECT_EQ(c.size, bytes.size());
    EXPECT_TRUE(is_valid_utf8(bytes));
  }
}

TEST(Utf8, RefusesWhatRfc3629Refuses) {
  const char* cases[] = {"\x80",
                         "\xBF",
                         "\xC0\x80",
                         "\xC1\xBF",
                         "\xE0\x9F\xBF",
                         "\xED\xA0\x80",
                         "\xED\xBF\xBF",
                         "\xF0\x8F\xBF\xBF",
                         "\xF4\x90\x80\x80",
                         "\xF5\x80\x80\x80",
                         "\xF8\x88\x80\x80\x80",
                         "\xFE",
                         "\xFF",
                         "\xC2",
                         "\xE0\xA0",
                         "\xF0\x90\x80",
                         "\xC2\x41",
                         "\xE1\x80\x41",
                         "\xF1\x80\x80\xC0"};
  for (const char* bytes : cases) {
    EXPECT_EQ(decode_utf8(bytes, 0).size, 0U) << testing::PrintToString(bytes);
    for (const size_t before : {0, 1, 7, 8, 9, 30}) {
      EXPECT_EQ(first_invalid_utf8(std::string(before, 'a') + bytes + "bbbbbbbb"), before);
    }
  }
}

TEST(Utf8, EmptyAndLongTextsAreValid) {
  EXPECT_TRUE(is_valid_utf8(""));
  std::string text;
  for (int i = 0; i < 1000; ++i) text += i % 3 == 0 ? "ascii only" : "é漢😀";
  EXPECT_EQ(first_invalid_utf8(text), std::nullopt);
  text.pop_back();
  EXPECT_FALSE(is_valid_utf8(text + "\xF0"));
}

}  // namespace
}  // namespace chatterbox
