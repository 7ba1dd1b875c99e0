#include "text/spoken_form.h"

#include <gtest/gtest.h>

#include <chrono>

#include "support/error.h"
#include "text/english_tokenizer.h"
#include "text/text_golden.h"
#include "text/tokenizer.h"

namespace chatterbox::text {
namespace {

using Ids = std::vector<int64_t>;

TEST(SpokenForm, EqualsThePackage) {
  ASSERT_EQ(golden("text_flash.json").size(), 30U);
  for (const auto& text : golden("text_flash.json")) {
    EXPECT_EQ(spoken_form(text.at("input").get<std::string>()),
              text.at("normalized").get<std::string>());
  }
}

// What en_us_cleaner() of chatterbox-flash 0.1.0 gives for these.
TEST(SpokenForm, EqualsThePackageAtItsOddPlaces) {
  const std::pair<const char*, const char*> kCases[] = {
      {"$3.5 million, (£2.25T) and $1,234.05!",
       "three point five million dollars, two point two five trillion pounds) and one thousand "
       "two hundred thirty four dollars, five cents!"},
      {"3 ambulances at 100:30", "three AMbulances at ten thirty"},
      {"USD1,000 by 1100. In the 1980s",
       "one thousand by eleven oh zero. In the one thousand nine hundred eighty seconds"},
      {"\u0663 pm, \u0130N 1984", "three PM, \u0130N nineteen eighty four"},
      {"number 2.50 and 2.50", "number two point five zero and two point five zero"},
      {"number 2.50 and 2.51", "number two.fifty and two point five one"},
      {"1.2.3 #4.50! 0.0 00012",
       "one.two.three number four point five zero! zero point zero "
       "twelve"},
      {"a  -  b - 5 - c", "a, b,  five , c"},
      {"+1 (800) 555-01234567",
       "+one (eight hundred) five hundred fifty five - one million two "
       "hundred thirty four thousand five hundred sixty seven"},
      {"call 12345678.", "call one two, three four five, six seven eight."},
  };
  for (const auto& [input, expected] : kCases) EXPECT_EQ(spoken_form(input), expected) << input;
}

// The package raises, or leaves it to Python's limits.
TEST(SpokenForm, AWordThatThePackageFailsOnStays) {
  EXPECT_EQ(spoken_form("It is £.50 or $,5 now"), "It is £.fifty or $,five now");
  const std::string digits(4301, '7');
  EXPECT_EQ(spoken_form("a " + digits + " b"), "a " + digits + " b");
  EXPECT_EQ(spoken_form("at -1234567"),
            "at one two three, four five six seven");  // no pair of years
}

TEST(SpokenForm, RefusesWhatIsNoText) { EXPECT_THROW((void)spoken_form("\xff"), Error); }

TEST(SpokenForm, LongTextsTakeLittleTime) {
  std::string text;
  while (text.size() < 10000) text += std::to_string(text.size()) + ", $5 St. 3.14 ";
  std::vector<std::string> texts = {text};
  for (const char* part :
       {"A", "$", "(", "1", "1,", "1.", "5 ", "5, ", "in", "-", "number ", "am "}) {
    texts.emplace_back();
    while (texts.back().size() < 100000) texts.back() += part;
  }
  for (const std::string& each : texts) {
    const auto start = std::chrono::steady_clock::now();
    EXPECT_FALSE(spoken_form(each).empty());
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20))
        << each.substr(0, 10);
  }
}

TEST(FlashTokenizer, EqualsThePackage) {
  const auto tokenizer = load_flash_tokenizer(english_files());
  const auto plain = EnglishTokenizer::load(english_files());
  TextOptions as_it_is;
  as_it_is.normalise = false;
  for (const auto& text : golden("text_flash.json")) {
    const auto input = text.at("input").get<std::string>();
    EXPECT_EQ(tokenizer->encode(input, ""), text.at("ids").get<Ids>()) << input;
    EXPECT_EQ(tokenizer->encode(input, "", as_it_is), plain.encode(input)) << input;
  }
}

}  // namespace
}  // namespace chatterbox::text
