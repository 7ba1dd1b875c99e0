// The words of a text and their tokens, in each family's tokenizer.
#include "text/words.h"

#include <gmock/gmock.h>

#include <string>

#include "text/data_copy.h"
#include "text/text_golden.h"
#include "text/tokenizer.h"

namespace chatterbox::text {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Ids = std::vector<int64_t>;

std::vector<TextWord> words_in(const Tokenizer& tokenizer, const std::string& text,
                               const std::string& language = "") {
  return words_of(text, tokenizer.encode(text, language), tokenizer.space_id(),
                  [&](std::string_view part) { return tokenizer.encode(part, language); });
}

std::vector<std::string> texts_of(const std::string& text, const std::vector<TextWord>& words) {
  std::vector<std::string> texts;
  for (const TextWord& word : words)
    texts.push_back(text.substr(word.begin, word.end - word.begin));
  return texts;
}

// One after the other, in the text and in its tokens.
void expect_in_order(const std::vector<TextWord>& words, size_t bytes, size_t tokens) {
  size_t at = 0;
  int64_t token = 0;
  for (const TextWord& word : words) {
    EXPECT_GE(word.begin, at);
    EXPECT_GT(word.end, word.begin);
    EXPECT_GE(word.first_token, token);
    EXPECT_GE(word.end_token, word.first_token);
    at = word.end;
    token = word.end_token;
  }
  EXPECT_LE(at, bytes);
  EXPECT_LE(token, static_cast<int64_t>(tokens));
}

// A token for each byte; a full stop behind a text that has none.
Ids bytes_of(std::string_view text) {
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  Ids ids(text.begin(), text.end());
  if (!ids.empty() && ids.back() != '.') ids.push_back('.');
  return ids;
}

TEST(Words, AreBetweenWhiteSpace) {
  const std::string text =
      "  (A) b- ... \xe2\x80\x94 c\xc3\xa9,\n\xc2\xa0"
      "d ";
  const auto words = words_of(text, bytes_of(text), ' ', bytes_of);
  EXPECT_THAT(texts_of(text, words), ElementsAre("(A)", "b-", "c\xc3\xa9,", "d"));
  EXPECT_EQ(words[1].first_token, 6);
  EXPECT_EQ(words[1].end_token, 7);  // without its hyphen
  expect_in_order(words, text.size(), bytes_of(text).size());
  EXPECT_THAT(words_of(" ... ", bytes_of(" ... "), ' ', bytes_of), IsEmpty());
}

// What the normalisation makes of a text: each word's tokens are those that it has by itself.
TEST(Words, OfEnglishAreTheirTokens) {
  const auto tokenizer = load_english_tokenizer(english_files());
  const std::string text = "well; this - as\tit  were\xe2\x80\xa6 IS: a \"test\" , isn't it?";
  const auto words = words_in(*tokenizer, text);
  EXPECT_THAT(texts_of(text, words), ElementsAre("well;", "this", "as", "it", "were\xe2\x80\xa6",
                                                 "IS:", "a", "\"test\"", "isn't", "it?"));
  const Ids ids = tokenizer->encode(text, "");
  expect_in_order(words, text.size(), ids.size());
  const auto tokens_of = [&](const TextWord& word) {
    return Ids(ids.begin() + word.first_token, ids.begin() + word.end_token);
  };
  // Behind another word, so that it is not capitalised.
  const auto alone = [&](const std::string& word) {
    Ids all = tokenizer->encode("a " + word + "!", "");
    all.erase(all.begin(), all.begin() + 2);
    all.pop_back();
    return all;
  };
  EXPECT_EQ(tokens_of(words[1]), alone("this"));
  EXPECT_EQ(tokens_of(words[3]), alone("it"));
  EXPECT_EQ(tokens_of(words[4]), alone("were"));
  EXPECT_EQ(tokens_of(words[5]), alone("IS"));
  EXPECT_EQ(tokens_of(words[8]), alone("isn't"));
  EXPECT_EQ(tokens_of(words[9]), alone("it"));
}

TEST(Words, OfEveryTextAreInOrder) {
  const auto english = load_english_tokenizer(english_files());
  for (const auto& text : all_texts()) {
    const auto input = text.at("input").get<std::string>();
    if (input.empty()) continue;
    expect_in_order(words_in(*english, input), input.size(), english->encode(input, "").size());
  }
  const auto turbo = load_turbo_tokenizer(Folder(data_folder("turbo")));
  for (const auto& text : family_texts("turbo")) {
    const auto input = text.at("input").get<std::string>();
    if (input.empty()) continue;
    expect_in_order(words_in(*turbo, input), input.size(), turbo->encode(input, "").size());
  }
  const auto multilingual = load_multilingual_tokenizer(Folder(data_folder("multilingual")));
  for (const char* text : {"Ein Straßenschild, größer als zwei.", "Deux œuvres : l'été, déjà !"}) {
    const auto words = words_in(*multilingual, text, "de");
    expect_in_order(words, std::string(text).size(), multilingual->encode(text, "de").size());
    EXPECT_EQ(words.front().first_token, 0);  // with the language
    for (const TextWord& word : words) EXPECT_GT(word.end_token, word.first_token);
  }
}

}  // namespace
}  // namespace chatterbox::text
