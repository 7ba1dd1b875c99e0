#include "text/splitter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "support/status.h"
#include "support/utf8.h"
#include "text/pause_markup.h"
#include "text/unicode.h"

namespace chatterbox::text {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

int64_t code_points(std::string_view text) {
  int64_t count = 0;
  for (size_t i = 0; i < text.size(); i += decode_utf8(text, i).size) ++count;
  return count;
}

SplitText split(std::string_view text, int64_t max_tokens = 1000, int64_t pack_tokens = 0,
                const std::string& language = "en") {
  return split_text(text, {language, max_tokens, pack_tokens}, code_points);
}

std::vector<std::string> texts(const SplitText& split) {
  std::vector<std::string> all;
  for (const TextPiece& piece : split.pieces) all.push_back(piece.text);
  return all;
}

std::string refusal(std::string_view text, int64_t max_tokens = 1000) {
  try {
    (void)split(text, max_tokens);
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::kInvalidArgument);
    return error.what();
  }
  return "accepted";
}

TEST(Splitter, EverySentenceIsAPiece) {
  EXPECT_THAT(texts(split("  One fish. Two fish!  Red fish? Blue… fish")),
              ElementsAre("One fish.", "Two fish!", "Red fish?", "Blue… fish"));
  EXPECT_THAT(texts(split(" \t\n ")), IsEmpty());
  EXPECT_THAT(texts(split("")), IsEmpty());
}

TEST(Splitter, AbbreviationsAndNumbersEndNoSentence) {
  EXPECT_THAT(texts(split("Dr. Smith paid $3.50 for 1,000.25 g. Mr. Jones paid 2.")),
              ElementsAre("Dr. Smith paid $3.50 for 1,000.25 g.", "Mr. Jones paid 2."));
  EXPECT_THAT(
      texts(split("Read J. R. R. Tolkien and U.S. law. Ask Dr. No. Go to plan B! Go.")),
      ElementsAre("Read J. R. R. Tolkien and U.S. law.", "Ask Dr. No.", "Go to plan B!", "Go."));
  EXPECT_THAT(texts(split("Es kostet z.B. 3,50 Euro. Gut.", 1000, 0, "de")),
              ElementsAre("Es kostet z.B. 3,50 Euro.", "Gut."));
}

TEST(Splitter, QuotesStayWithTheirSentence) {
  EXPECT_THAT(
      texts(split("He left. \"Why?\" she asked. “No idea!” (He lied.) «Oui.» Fin.")),
      ElementsAre("He left.", "\"Why?\" she asked.", "“No idea!”", "(He lied.)", "«Oui.»", "Fin."));
}

TEST(Splitter, SentencesOfAParagraphShareAPiece) {
  EXPECT_THAT(texts(split("One. Two. Three. Four.\nFive. Six.\r\n\r\nSeven.", 1000, 10)),
              ElementsAre("One. Two.", "Three.", "Four.", "Five. Six.", "Seven."));
  // max_tokens is the limit where it is the smaller one.
  EXPECT_THAT(texts(split("One. Two. Three.", 9, 1000)), ElementsAre("One. Two.", "Three."));
  // A sentence that is longer than what is packed stays whole.
  EXPECT_THAT(texts(split("No. A longer sentence. No. No.", 1000, 10)),
              ElementsAre("No.", "A longer sentence.", "No. No."));
}

TEST(Splitter, LineBreaksOfEveryKindSplit) {
  EXPECT_THAT(texts(split("a\nb\rc\r\nd\u2028e\u2029f\u0085g\vh\fi", 1000, 1000)),
              ElementsAre("a", "b", "c", "d", "e", "f", "g", "h", "i"));
}

TEST(Splitter, LongSentencesAreCutAtClauses) {
  EXPECT_THAT(
      texts(split("We came, we saw; at 10:30 we paid 1,000 – as agreed - and \"left,\" he says.",
                  20)),
      ElementsAre("We came, we saw;", "at 10:30 we", "paid 1,000 –", "as agreed -",
                  "and \"left,\" he says."));
  EXPECT_THAT(texts(split("你好，世界、今天天气很好；我们走。", 6, 0, "zh")),
              ElementsAre("你好，世界、", "今天天气", "很好；", "我们走。"));
}

TEST(Splitter, LongClausesAreCutAtWords) {
  EXPECT_THAT(texts(split("the quick brown fox costs 3.14 or so", 10)),
              ElementsAre("the quick", "brown fox", "costs 3.14", "or so"));
  EXPECT_THAT(texts(split("a well-known (but old) fact", 8)),
              ElementsAre("a well-", "known", "(but", "old)", "fact"));
  // Words of a script without spaces are whole: 中国人 is one to ICU.
  for (const std::string& piece : texts(split("我们都是中国人我们都是中国人", 4, 0, "zh"))) {
    EXPECT_THAT(piece, ::testing::AnyOf(HasSubstr("中国人"), ::testing::Not(HasSubstr("中"))));
  }
}

// As few as the limit allows, but not nine words and then one.
TEST(Splitter, PiecesOfASentenceAreOfAboutTheSameLength) {
  EXPECT_THAT(texts(split("one two six ten one two six ten one two", 35)),
              ElementsAre("one two six ten one", "two six ten one two"));
  EXPECT_THAT(texts(split("one two, six ten, one two, six ten, one two", 40)),
              ElementsAre("one two, six ten,", "one two, six ten, one two"));
}

// A part for every character, each counted again and again, would take a tokenizer minutes.
TEST(Splitter, CountsFewTimes) {
  size_t counted = 0;
  const TokenCounter count = [&counted](std::string_view text) {
    counted += text.size();
    return static_cast<int64_t>(text.size());
  };
  const SplitText result = split_text(std::string(10000, 'a'), {"en", 400, 100}, count);
  EXPECT_EQ(result.pieces.size(), 25U);

  EXPECT_LT(counted, 2500000U);
  EXPECT_GT(counted, 100000U);
}

// Sixteen megabytes take no longer to the first piece than one kilobyte.
TEST(Splitter, ALongTextIsLookedAtAsItIsNeeded) {
  size_t counted = 0;
  const TokenCounter count = [&counted](std::string_view text) {
    counted += text.size();
    return static_cast<int64_t>(text.size());
  };
  for (const char* part : {"One more sentence of a long text. ", "word ", "a"}) {
    std::string text;
    while (text.size() < size_t{4} << 20U) text += part;
    TextSplitter splitter(text, {"en", 400, 100}, count);
    counted = 0;
    const std::vector<TextPiece> first = splitter.next();
    ASSERT_FALSE(first.empty());
    EXPECT_EQ(first.front().begin, 0U);
    EXPECT_LT(counted, 400000U) << part;
    EXPECT_FALSE(splitter.done());
  }
}

TEST(Splitter, WhereALongLineIsCutDoesNotDependOnItsEnd) {
  std::string text;
  std::vector<std::string> sentences;
  for (int i = 0; i < 3000; ++i) {
    sentences.push_back("This is sentence number " + std::to_string(i * i) + ", as J. R. Hartley " +
                        (i % 3 == 0 ? "asked: \"Why?\" he said." : "said it."));
    text += sentences.back() + " ";
  }
  EXPECT_EQ(texts(split(text)), sentences);
}

TEST(Splitter, AnEndlessSentenceIsCut) {
  for (const char* part : {"word, ", "word ", "ab", "한", "e\u0301"}) {
    std::string text;
    while (text.size() < 100000) text += part;
    std::string joined;
    for (const std::string& piece : texts(split(text, 300))) {
      EXPECT_LE(code_points(piece), 300);
      joined += piece;
    }
    text.erase(std::remove(text.begin(), text.end(), ' '), text.end());
    joined.erase(std::remove(joined.begin(), joined.end(), ' '), joined.end());
    EXPECT_TRUE(joined == text) << part;
  }
}

TEST(Splitter, AWrongPauseIsFoundWhereverItIs) {
  std::string text(100000, 'a');
  EXPECT_THAT(refusal(text + "[pause:1]"), HasSubstr("[pause:1]"));
}

TEST(Pauses, AreLookedForInAnyBytes) {
  const std::string bytes = "[pause: \xFF\xFE and no end of it, for more than forty bytes";
  EXPECT_THROW((void)find_pause(bytes, 0), Error);
}

// As a tokenizer that knows no letter of a text, and one that refuses to count a long one.
TEST(Splitter, BytesAreLimitedWhereTokensAreFew) {
  size_t longest = 0;
  const TokenCounter one = [&longest](std::string_view text) {
    longest = std::max(longest, text.size());
    return int64_t{1};
  };
  std::string text;
  for (int i = 0; i < 500; ++i) text += "slova ";
  text += std::string(20000, ' ') + "konec.";
  const SplitText result = split_text(text, {"en", 160}, one);
  ASSERT_EQ(result.pieces.size(), 5U);  // of 166, 166, 166, 2 words and 1
  EXPECT_EQ(result.pieces.back().text, "konec.");
  EXPECT_LE(longest, 1000U);

  std::string accents = "e";
  for (int i = 0; i < 600; ++i) accents += "\u0301";
  EXPECT_EQ(refusal("a " + accents + " b", 5000),
            "a character must have at most 1000 bytes, got one of 1201");
  SplitOptions none{"en", 160};
  none.max_bytes = 0;
  EXPECT_THROW((void)split_text("a", none, one), Error);
}

TEST(Splitter, LongWordsAreCutBetweenCharacters) {
  EXPECT_THAT(texts(split("abcdefgh ij", 3)), ElementsAre("abc", "def", "gh", "ij"));
  // e and a combining accent; a family of three people joined to one sign.
  EXPECT_THAT(texts(split("e\u0301e\u0301e\u0301e\u0301", 5)),
              ElementsAre("e\u0301e\u0301", "e\u0301e\u0301"));
  EXPECT_EQ(refusal("ok 👨‍👩‍👧 ok", 4),
            "max_tokens must be at least 5 for the character 👨‍👩‍👧, got 4");
}

TEST(Splitter, PunctuationJoinsAPieceBesideIt) {
  EXPECT_THAT(texts(split("Well\n...\nyes [pause:1s]. So", 1000)),
              ElementsAre("Well...", "yes.", "So"));
  const SplitText full = split("abc\n!!\nd", 3);
  EXPECT_THAT(texts(full), ElementsAre("abc", "!!d"));  // there was no room before it
  EXPECT_THAT(texts(split("abc\n!!\ndef", 3)), ElementsAre("abc", "!!", "def"));  // nor behind
  EXPECT_THAT(texts(split("---\nA title.\nText.", 20)), ElementsAre("---A title.", "Text."));
  EXPECT_THAT(texts(split("...")), ElementsAre("..."));
}

TEST(Splitter, PausesLieBeforeTheirPieces) {
  const SplitText result = split(
      "[pause:250ms]One. Two [PAUSE:1.5S] three.[pause:0s]Four.\n[pause:10s]\n\n Five"
      "[pause:2s] [Pause:0.5s]");
  EXPECT_THAT(texts(result), ElementsAre("One.", "Two", "three.", "Four.", "Five"));
  std::vector<std::optional<double>> pauses;
  for (const TextPiece& piece : result.pieces) pauses.push_back(piece.pause_before);
  EXPECT_THAT(pauses, ElementsAre(0.25, std::nullopt, 1.5, 0.0, 10.0));
  EXPECT_EQ(result.pause_after, 2.5);
  EXPECT_EQ(split("One.").pause_after, 0);
  EXPECT_EQ(split("[pause:1s]").pause_after, 1);
  EXPECT_THAT(texts(split("a [paused] [laugh] [", 1000)), ElementsAre("a [paused] [laugh] ["));
}

TEST(Splitter, PiecesTellTheirPlaceInTheText) {
  const std::string text = " (…)\nÉt[pause:1s]é.  Oui !\n\t–\n[pause:2s] . Fin ";
  const SplitText result = split(text, 1000);
  EXPECT_THAT(texts(result), ElementsAre("(…)Ét", "é.", "Oui !–.", "Fin"));
  std::vector<std::string> places;
  for (const TextPiece& piece : result.pieces) {
    places.push_back(text.substr(piece.begin, piece.end - piece.begin));
  }
  EXPECT_THAT(places, ElementsAre("(…)\nÉt", "é.", "Oui !\n\t–\n[pause:2s] .", "Fin"));
}

TEST(Splitter, RefusesMalformedPauses) {
  const auto malformed = [](const std::string& got) {
    return "a pause must read [pause:500ms] or [pause:1.5s], 0 to 10 s, got " + got;
  };
  for (const char* mark :
       {"[pause]", "[pause:]", "[pause:s]", "[pause:5]", "[pause:5m]", "[pause:5 s]", "[pause: 5s]",
        "[pause 5s]", "[pause:-1s]", "[pause:+1s]", "[pause:.5s]", "[pause:1e1s]", "[pause:0x1s]",
        "[pause:nans]", "[pause:infs]", "[pause:1.2.3s]", "[pause:1,5s]", "[pause:5sec]"}) {
    EXPECT_EQ(refusal(std::string("a ") + mark + " b."), malformed(mark));
  }
  EXPECT_EQ(refusal("a [PAUSE:5"), malformed("[PAUSE:5"));
  EXPECT_EQ(refusal("a [pause"), malformed("[pause"));
  EXPECT_EQ(refusal("[pause:1s and on and on and on and on ééééé]"),
            malformed("[pause:1s and on and on and on and on é"));
  EXPECT_EQ(refusal("[pause:10.001s]"), "a pause must be in [0, 10] s, got [pause:10.001s]");
  EXPECT_EQ(refusal("[pause:10001ms]"), "a pause must be in [0, 10] s, got [pause:10001ms]");
  EXPECT_EQ(refusal("[pause:" + std::string(20, '9') + "s]"),
            "a pause must be in [0, 10] s, got [pause:" + std::string(20, '9') + "s]");
  EXPECT_EQ(refusal("[pause:6s] [pause:5s]"),
            "pauses in a row must add up to 10 s at most, got 11 s");
}

TEST(Splitter, RefusesBadTextAndLimits) {
  EXPECT_EQ(refusal("ab\xFF"), "text must be UTF-8, byte 2 is not");
  EXPECT_EQ(refusal("a", 0), "max_tokens must be 1 or more, got 0");
  EXPECT_THROW((void)split("a", 1, -1), Error);
}

TEST(Splitter, UnknownLanguagesHaveTheRulesOfNone) {
  for (const char* language : {"", "xx", "not a language", "zh-Hant-TW"}) {
    EXPECT_THAT(texts(split("One. Two, 3.5.", 9, 0, language)), ElementsAre("One.", "Two, 3.5."));
  }
}

std::string without_space(std::string_view text) {
  std::string kept;
  for (size_t i = 0; i < text.size();) {
    const CodePoint c = decode_utf8(text, i);
    if (!is_python_space(c.value)) kept += text.substr(i, c.size);
    i += c.size;
  }
  return kept;
}

std::string random_text(std::mt19937& random) {
  constexpr const char* kParts[] = {"word",
                                    "Dr.",
                                    "3.14",
                                    "1,000",
                                    "「",
                                    "」",
                                    "中国人",
                                    "สวัสดี",
                                    "ครับ",
                                    "。",
                                    "، ",
                                    ". ",
                                    "! ",
                                    "?\" ",
                                    " \"",
                                    "…",
                                    " - ",
                                    "—",
                                    "\n",
                                    "\r\n",
                                    " ",
                                    "\t",
                                    "e\u0301",
                                    "👨‍👩‍👧",
                                    "🇩🇪🇫🇷",
                                    "(",
                                    ")",
                                    ":",
                                    "한국어",
                                    "\u00AD",
                                    "\u2028",
                                    "...",
                                    "\u00A0",
                                    "[pause:1s]",
                                    "[laugh]",
                                    "[pause:0.5s]",
                                    "नमस्ते",
                                    "\u200D",
                                    "\u0301",
                                    "'",
                                    "http://a.b/c?d=e"};
  std::string text;
  for (size_t left = random() % 40; left > 0; --left) {
    text += kParts[random() % std::size(kParts)];
  }
  return text;
}

std::string without_pauses(const std::string& text) {
  std::string kept;
  size_t begin = 0;
  while (const auto pause = find_pause(text, begin)) {
    kept += text.substr(begin, pause->begin - begin);
    begin = pause->end;
  }
  return kept + text.substr(begin);
}

// Whatever the text: nothing lost or doubled, every piece within the limit, whole characters.
TEST(Splitter, NothingIsLostOrDoubled) {
  std::mt19937 random(11);
  const char* const languages[] = {"", "en", "de", "zh", "ja", "th", "ar", "ko"};
  int pieces = 0;
  for (int round = 0; round < 1500; ++round) {
    const std::string text = random_text(random);
    const int64_t max_tokens = 14 + static_cast<int64_t>(random() % 40);
    const int64_t pack_tokens = static_cast<int64_t>(random() % 30);
    SCOPED_TRACE(::testing::PrintToString(text));
    SplitText result;
    try {
      result = split(text, max_tokens, pack_tokens, languages[random() % std::size(languages)]);
    } catch (const Error& error) {  // many pauses in a row, or accents on accents
      EXPECT_THAT(error.what(), ::testing::AnyOf(HasSubstr("in a row"), HasSubstr("character")));
      continue;
    }
    std::string joined;
    size_t behind = 0;
    for (const TextPiece& piece : result.pieces) {
      ++pieces;
      ASSERT_LE(behind, piece.begin);
      ASSERT_LT(piece.begin, piece.end);
      ASSERT_LE(piece.end, text.size());
      const std::string place = text.substr(piece.begin, piece.end - piece.begin);
      EXPECT_EQ(trim(place), place);
      EXPECT_EQ(without_space(without_pauses(place)), without_space(piece.text));
      behind = piece.end;
      EXPECT_FALSE(piece.text.empty());
      EXPECT_TRUE(is_valid_utf8(piece.text));
      EXPECT_LE(code_points(piece.text), max_tokens);
      joined += without_space(piece.text);
    }
    ASSERT_EQ(joined, without_space(without_pauses(text)));
  }
  EXPECT_GT(pieces, 5000);
}

}  // namespace
}  // namespace chatterbox::text
