#include <gmock/gmock.h>

#include "support/status.h"
#include "text/english_tokenizer.h"
#include "text/punc_norm.h"
#include "text/text_golden.h"

namespace chatterbox::text {
namespace {

using Ids = std::vector<int64_t>;

TEST(EnglishTokenizer, EqualsTheReference) {
  const auto tokenizer = EnglishTokenizer::load(english_files());
  for (const auto& text : all_texts()) {
    const auto normalized = text.at("normalized").get<std::string>();
    EXPECT_EQ(tokenizer.encode(normalized), text.at("ids").get<Ids>()) << normalized;
  }
}

TEST(EnglishTokenizer, EqualsTheReferenceForTextsThatAreNotNormalized) {
  const auto tokenizer = EnglishTokenizer::load(english_files());
  for (const auto& text : golden("text_english_extra.json").at("texts")) {
    const auto input = text.at("input").get<std::string>();
    EXPECT_EQ(tokenizer.encode(input), text.at("raw_ids").get<Ids>()) << input;
  }
}

TEST(EnglishTokenizer, KnowsItsSpecialTokens) {
  const auto tokenizer = EnglishTokenizer::parse(english_tokenizer_json(), "tokenizer.json");
  EXPECT_EQ(tokenizer.start_id(), 255);
  EXPECT_EQ(tokenizer.stop_id(), 0);
  EXPECT_EQ(tokenizer.vocabulary_size(), 704);
  EXPECT_THAT(tokenizer.encode("[START]a b[STOP]"), testing::ElementsAre(255, 50, 2, 51, 0));
}

TEST(EnglishTokenizer, ACopyOutlivesWhatItWasCopiedFrom) {
  auto first = std::make_unique<EnglishTokenizer>(EnglishTokenizer::load(english_files()));
  const EnglishTokenizer copy = *first;
  const Ids ids = first->encode("[STOP] a");
  first.reset();
  EXPECT_EQ(copy.encode("[STOP] a"), ids);
}

TEST(EnglishTokenizer, LongWordsTakeLittleTime) {
  const auto tokenizer = EnglishTokenizer::load(english_files());
  std::string word;
  for (int i = 0; i < 200000; ++i) word += "therein"[i % 7];
  EXPECT_LT(tokenizer.encode(word).size(), word.size() / 2);
}

TEST(EnglishTokenizer, NamesAFileThatIsNotThere) {
  try {
    (void)EnglishTokenizer::load(Folder("no/such"));
    FAIL() << "no exception";
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::kNotFound);
    EXPECT_THAT(error.what(), testing::StartsWith("no/such/tokenizer.json: "));
  }
}

TEST(BpeTokenizer, EqualsTheTokenizersLibraryForOtherFiles) {
  const auto& extra = golden("text_english_extra.json");
  const auto texts = extra.at("file_texts").get<std::vector<std::string>>();
  ASSERT_GE(extra.at("files").size(), 8U);
  for (const auto& [name, file] : extra.at("files").items()) {
    const auto tokenizer = BpeTokenizer::parse(file.at("file").dump(), name);
    for (size_t i = 0; i < texts.size(); ++i) {
      EXPECT_EQ(tokenizer.encode(texts[i]), file.at("ids")[i].get<Ids>())
          << name << ": " << texts[i];
    }
  }
}

}  // namespace
}  // namespace chatterbox::text
