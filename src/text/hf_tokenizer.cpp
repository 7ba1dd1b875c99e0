#include "text/hf_tokenizer.h"

#include <algorithm>

#include "support/error.h"
#include "support/utf8.h"
#include "text/hf_tokenizer_parser.h"
#include "text/unicode.h"

namespace chatterbox::text {
namespace {

enum class CharacterClass { kSpace, kWord, kPunctuation };

CharacterClass classify(char32_t c) {
  if (is_regex_word(c)) return CharacterClass::kWord;
  return is_regex_space(c) ? CharacterClass::kSpace : CharacterClass::kPunctuation;
}

// The "Whitespace" pre-tokenizer: the matches of \w+|[^\w\s]+
template <class OnWord>
void split_words(std::string_view text, const OnWord& on_word) {
  size_t start = 0;
  auto kind = CharacterClass::kSpace;
  for (size_t i = 0; i < text.size();) {
    const CodePoint c = decode_utf8(text, i);
    const CharacterClass next = classify(c.value);
    if (next != kind) {
      if (kind != CharacterClass::kSpace) on_word(text.substr(start, i - start));
      start = i;
      kind = next;
    }
    i += c.size;
  }
  if (kind != CharacterClass::kSpace) on_word(text.substr(start));
}

}  // namespace

BpeTokenizer BpeTokenizer::parse(std::string_view json, const std::string& name) {
  TokenizerFile file = parse_tokenizer_file(json, name);
  BpeTokenizer tokenizer;
  std::vector<AddedToken> before;
  std::vector<AddedToken> after;
  for (const AddedToken& token : file.added) (token.normalized ? after : before).push_back(token);
  for (const auto& token : file.added) {
    tokenizer.vocabulary_size_ = std::max(tokenizer.vocabulary_size_, token.id + 1);
  }
  for (const auto& [token, id] : file.model.vocabulary) {
    tokenizer.vocabulary_size_ = std::max(tokenizer.vocabulary_size_, id + 1);
  }
  tokenizer.model_ = std::move(file.model);
  tokenizer.added_ = std::move(file.added);
  tokenizer.before_normalizer_ = AddedTokens(std::move(before));
  tokenizer.after_normalizer_ = AddedTokens(std::move(after));
  return tokenizer;
}

std::vector<int64_t> BpeTokenizer::encode(std::string_view text) const {
  if (const auto invalid = first_invalid_utf8(text)) {
    fail(Status::kInvalidArgument, "text must be UTF-8, byte {} is not", *invalid);
  }
  std::vector<int64_t> ids;
  const auto append = [&](int64_t id) { ids.push_back(id); };
  const auto encode_words = [&](std::string_view part) {
    split_words(part, [&](std::string_view word) { model_.encode(word, ids); });
  };
  before_normalizer_.split(text, append, [&](std::string_view part) {
    after_normalizer_.split(part, append, encode_words);
  });
  return ids;
}

std::optional<int64_t> BpeTokenizer::find(const std::string& token) const {
  if (const auto id = model_.find(token)) return id;
  const auto found = std::find_if(added_.begin(), added_.end(),
                                  [&](const AddedToken& added) { return added.content == token; });
  if (found == added_.end()) return std::nullopt;
  return found->id;
}

}  // namespace chatterbox::text
