// Where a text may be cut. What becomes of the parts: splitter_test.cpp.
#include "text/sentence_breaks.h"

#include <gmock/gmock.h>

namespace chatterbox::text {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> parts(std::string_view text, BreakLevel level,
                               const std::string& language = "en") {
  SentenceBreaks breaks(language);
  std::vector<std::string> parts;
  size_t begin = 0;
  for (const size_t end : breaks.cuts(text, level)) {
    parts.emplace_back(text.substr(begin, end - begin));
    begin = end;
  }
  EXPECT_EQ(begin, text.size());
  return parts;
}

TEST(SentenceBreaks, Sentences) {
  EXPECT_THAT(
      parts("One fish.  Two? \"Go!\" he said. Dr. J. R. Smith paid 3.5.", BreakLevel::kSentence),
      ElementsAre("One fish.  ", "Two? ", "\"Go!\" he said. ", "Dr. J. R. Smith paid 3.5."));
  EXPECT_THAT(parts("好。再见！", BreakLevel::kSentence, "zh"), ElementsAre("好。", "再见！"));
}

// "z.B." is an abbreviation in German, and an initial nowhere.
TEST(SentenceBreaks, AbbreviationsAreThoseOfTheLanguage) {
  const char* text = "Tiere, z.B. Hunde. Gut.";
  EXPECT_THAT(parts(text, BreakLevel::kSentence, "de"), ElementsAre("Tiere, z.B. Hunde. ", "Gut."));
}

TEST(SentenceBreaks, Clauses) {
  EXPECT_THAT(parts("We came, at 10:30, we paid 1,000 – \"all,\" he says.", BreakLevel::kClause),
              ElementsAre("We came, ", "at 10:30, ", "we paid 1,000 – ", "\"all,\" ", "he says."));
}

TEST(SentenceBreaks, Words) {
  EXPECT_THAT(parts("a well-known (but old) 3.14", BreakLevel::kWord),
              ElementsAre("a ", "well-", "known ", "(but ", "old) ", "3.14"));
  EXPECT_THAT(parts("我们都是中国人", BreakLevel::kWord, "zh"),
              ElementsAre("我们", "都是", "中国人"));
}

TEST(SentenceBreaks, Characters) {
  EXPECT_THAT(parts("ae\u0301👨‍👩‍👧", BreakLevel::kCharacter),
              ElementsAre("a", "e\u0301", "👨‍👩‍👧"));
}

TEST(SentenceBreaks, UnknownLanguagesHaveTheRulesOfNone) {
  for (const char* language : {"", "xx", "not a language"}) {
    EXPECT_THAT(parts("One. Two, 3.5.", BreakLevel::kSentence, language),
                ElementsAre("One. ", "Two, 3.5."));
  }
}

}  // namespace
}  // namespace chatterbox::text
