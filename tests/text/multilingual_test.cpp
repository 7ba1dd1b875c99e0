#include <gmock/gmock.h>

#include <algorithm>

#include "text/data_copy.h"
#include "text/languages.h"
#include "text/multilingual_tokenizer.h"
#include "text/punc_norm.h"
#include "text/text_golden.h"

namespace chatterbox::text {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using Ids = std::vector<int64_t>;

constexpr TextOptions kAsTheReference = {/*tags=*/true, /*han=*/true};
constexpr const char* kFile = "grapheme_mtl_merged_expanded_v1.json";
constexpr const char* kTable = "Cangjie5_TC.json";

const MultilingualTokenizer& multilingual() {
  static const auto kTokenizer = MultilingualTokenizer(Folder(data_folder("multilingual")));
  return kTokenizer;
}

Ids encode(const std::string& text, const std::string& language) {
  return multilingual().encode(text, language);
}

TEST(Multilingual, EqualsTheReference) {
  const json texts = family_texts("multilingual");
  ASSERT_GT(texts.size(), 150U);
  for (const auto& text : texts) {
    const auto input = text.at("input").get<std::string>();
    const auto normalized = text.at("normalized").get<std::string>();
    const auto& language = text.at("language");
    EXPECT_EQ(punc_norm_multilingual(input), normalized);
    const Ids ids =
        language.is_null()
            ? multilingual().encode_normalized(normalized, "", kAsTheReference)
            : multilingual().encode(input, language.get<std::string>(), kAsTheReference);
    EXPECT_EQ(ids, text.at("ids").get<Ids>()) << input << " " << language;
  }
}

TEST(Multilingual, TheOptionsMatterOnlyWhereTheyAreAskedFor) {
  for (const auto& text : family_texts("multilingual")) {
    const auto input = text.at("input").get<std::string>();
    const auto& language = text.at("language");
    const bool tags = input.find('[') != std::string::npos;
    if (language.is_null() || language == "ja" || tags) continue;
    EXPECT_EQ(encode(input, language.get<std::string>()), text.at("ids").get<Ids>()) << input;
  }
}

TEST(Multilingual, KnowsItsSpecialTokens) {
  EXPECT_EQ(multilingual().start_id(), 255);
  EXPECT_EQ(multilingual().stop_id(), 0);
  EXPECT_EQ(multilingual().vocabulary_size(), 2454);
  const auto loaded = load_multilingual_tokenizer(Folder(data_folder("multilingual")));
  EXPECT_EQ(loaded->encode("Guten Tag.", "de"), encode("Guten Tag.", "de"));
}

TEST(Multilingual, TagsInTheTextAreText) {
  constexpr int64_t kEnglish = 2126, kGerman = 2124, kOpen = 35, kDe = 563, kCloseStop = 1776;
  EXPECT_THAT(encode("[de]", "en"), ElementsAre(kEnglish, kOpen, kDe, kCloseStop));
  EXPECT_THAT(multilingual().encode("[de]", "en", {/*tags=*/true, false}),
              ElementsAre(kEnglish, kGerman, 16));
  const json file = json::parse(DataCopy("multilingual").read(kFile));
  for (const json& token : file.at("added_tokens")) {
    const auto content = token.at("content").get<std::string>();
    const Ids ids = encode("a " + content + " b", "en");
    EXPECT_EQ(std::count(ids.begin(), ids.end(), token.at("id").get<int64_t>()),
              content == "[SPACE]" ? 2
              : content == "[en]"  ? 1
                                   : 0)
        << content;
  }
}

TEST(Multilingual, LanguagesAreTheReferences) {
  ASSERT_EQ(languages().size(), 23U);
  for (size_t i = 1; i < languages().size(); ++i) {
    EXPECT_LT(languages()[i - 1].code, languages()[i].code);
  }
  EXPECT_EQ(find_language("de").name, "German");
  EXPECT_EQ(find_language("ZH").code, "zh");
  for (const Language& language : languages()) {
    EXPECT_EQ(encode("a", std::string(language.code)).size(), 3U) << language.code;
  }
  EXPECT_EQ(encode("a", "DE"), encode("a", "de"));
}

TEST(Multilingual, WrongLanguages) {
  const auto refused = [](const std::string& language, const std::string& why) {
    expect_error(Status::kInvalidArgument, why, [&] { (void)encode("hello", language); });
  };
  const std::string choices =
      "one of ar, da, de, el, en, es, fi, fr, he, hi, it, ja, ko, ms, nl, no, pl, pt, ru, sv, sw, "
      "tr, zh";
  refused("", "this model needs a language, " + choices);
  refused("xx", "language must be " + choices + ", got 'xx'");
  refused("d", "got 'd'");
  refused("deu", "got 'deu'");
  refused("de ", "got 'de '");
  refused("\xFF\n", "got 2 bytes");
  refused(std::string(1000000, 'd'), "got 1000000 bytes");
}

TEST(Multilingual, JapaneseNeedsKana) {
  EXPECT_EQ(encode("コーヒー、ください。", "ja").front(), 2133);
  const auto refused = [](const std::string& text, const std::string& character) {
    expect_error(Status::kInvalidArgument,
                 "'" + character + "' needs a reading; write the text in kana",
                 [&] { (void)encode(text, "ja"); });
  };
  refused("今日は天気がいいですね。", "今");
  refused("ひと々", "々");
  refused("㍿です", "株");  // NFKD makes it of one character
  EXPECT_EQ(encode("今", "ko").size(), 3U);
  constexpr int64_t kUnknown = 1;
  EXPECT_EQ(multilingual().encode("今", "ja", kAsTheReference)[1], kUnknown);
}

// Its own reading of the first word is a greeting, "konnichiwa" instead of "kyo wa".
TEST(Multilingual, KanaAreWhatTheReferencesOptionalPackageMakes) {
  size_t count = 0;
  for (const auto& text : golden("text_multilingual.json")) {
    if (!text.contains("ids_pykakasi")) continue;
    EXPECT_EQ(encode("こんにちはてんきがいいですね。", "ja"), text.at("ids_pykakasi").get<Ids>());
    ++count;
  }
  EXPECT_EQ(count, 1U);
}

TEST(Multilingual, RefusesWhatIsNotUtf8) {
  expect_error(Status::kInvalidArgument, "text must be UTF-8, byte 0 is not",
               [] { (void)encode("\xC3", "de"); });
}

TEST(Multilingual, LongTexts) {
  std::string text;
  while (text.size() < 2000000) text += "Größe ﷺ 한국어 ";
  EXPECT_GT(encode(text, "de").size(), 1000000U);
  expect_error(Status::kInvalidArgument, "text must have at most 16777216 bytes, has",
               [] { (void)encode(std::string(20000000, 'a'), "de"); });
}

TEST(Multilingual, NamesAFileThatIsNotThere) {
  const DataCopy folder("multilingual");
  const auto load = [&] { (void)load_multilingual_tokenizer(Folder(folder.path())); };
  folder.remove(kTable);
  expect_error(Status::kNotFound, folder.file(kTable) + ": ", load);
  folder.remove(kFile);
  expect_error(Status::kNotFound, folder.file(kFile) + ": ", load);
}

TEST(Multilingual, ReadsTheFirstReleasesName) {
  const DataCopy folder("multilingual");
  std::filesystem::rename(folder.file(kFile), folder.file("mtl_tokenizer.json"));
  EXPECT_EQ(load_multilingual_tokenizer(Folder(folder.path()))->encode("Äh, 你好", "zh"),
            encode("Äh, 你好", "zh"));
}

TEST(Multilingual, ALanguageWithoutATokenIsNamed) {
  const DataCopy folder("multilingual");
  folder.change(kFile, [](json& file) {
    file["model"]["vocab"].erase("[sv]");
    json kept = json::array();
    for (const json& token : file["added_tokens"]) {
      if (token["content"] != "[sv]") kept.push_back(token);
    }
    file["added_tokens"] = kept;
  });
  const auto tokenizer = load_multilingual_tokenizer(Folder(folder.path()));
  EXPECT_EQ(tokenizer->encode("a", "da"), encode("a", "da"));
  expect_error(Status::kUnsupported, "language sv: this model has no token [sv]",
               [&] { (void)tokenizer->encode("a", "sv"); });
}

TEST(Multilingual, MissingSpecialTokensAreNamed) {
  for (const char* name : {"[START]", "[STOP]", "[SPACE]"}) {
    const DataCopy folder("multilingual");
    folder.change(kFile, [&](json& file) {
      file["model"]["vocab"].erase(name);
      file["added_tokens"] = json::array();
      for (char key = 'a'; key <= 'z'; ++key) {  // needed by the table, which is read first
        const std::string token = std::string("[cj_") + key + "]";
        file["added_tokens"].push_back({{"id", 2145 + key - 'a'}, {"content", token}});
      }
    });
    expect_error(Status::kBadModelFile, std::string("the token ") + name + " is missing",
                 [&] { (void)load_multilingual_tokenizer(Folder(folder.path())); });
  }
}

TEST(Cangjie, CharactersOfOneCodeAreNumbered) {
  const DataCopy folder("multilingual");
  folder.write(kTable, R"(["的\tab", "一\tab\tx", "是\tab", "是\tc", "的\tab"])");
  const auto tokenizer = load_multilingual_tokenizer(Folder(folder.path()));
  constexpr int64_t kChinese = 2144, kA = 2145, kB = 2146, kC = 2147, kZero = 2171, kEnd = 2181;
  EXPECT_THAT(tokenizer->encode("的一是", "zh"),
              ElementsAre(kChinese, kA, kB, kEnd, kA, kB, kZero + 1, kEnd, kC, kEnd, 16));
}

TEST(Cangjie, DamagedTables) {
  const DataCopy folder("multilingual");
  const auto damaged = [&](const std::string& bytes, const std::string& why) {
    folder.write(kTable, bytes);
    expect_error(Status::kBadModelFile, folder.file(kTable) + ": " + why,
                 [&] { (void)load_multilingual_tokenizer(Folder(folder.path())); });
  };
  damaged("", "not valid JSON");
  damaged("[\"的\\tab\"", "not valid JSON at byte");
  damaged("{}", "must be an array, is object");
  damaged("[3]", "an entry must be a string, is number");
  damaged("[\"的ab\"]", "an entry must be a character, a tab and a code, is '的ab'");
  damaged("[\"的\\t\"]", "an entry must be a character, a tab and a code");
  damaged("[\"\\tab\"]", "an entry must be a character, a tab and a code");
  damaged("[\"的\\tA\"]", "the code of '的' needs [cj_A], which is no token");
}

}  // namespace
}  // namespace chatterbox::text
