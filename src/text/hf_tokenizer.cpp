#include "text/hf_tokenizer.h"

#include <algorithm>

#include "support/error.h"
#include "support/utf8.h"
#include "text/byte_level.h"
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

BpeTokenizer BpeTokenizer::parse(std::string_view json, const std::string& name,
                                 PreTokenizer pre_tokenizer) {
  return {parse_tokenizer_file(json, name, pre_tokenizer), pre_tokenizer};
}

BpeTokenizer::BpeTokenizer(TokenizerFile file, PreTokenizer pre_tokenizer)
    : pre_tokenizer_(pre_tokenizer), model_(std::move(file.model)), added_(std::move(file.added)) {
  std::vector<AddedToken> before;
  std::vector<AddedToken> after;
  for (const AddedToken& token : added_) {
    (token.normalized ? after : before).push_back(token);
    vocabulary_size_ = std::max(vocabulary_size_, token.id + 1);
  }
  for (const auto& [token, id] : model_.vocabulary) {
    vocabulary_size_ = std::max(vocabulary_size_, id + 1);
  }
  before_normalizer_ = AddedTokens(std::move(before));
  after_normalizer_ = AddedTokens(std::move(after));
}

std::vector<int64_t> BpeTokenizer::encode(std::string_view text) const {
  if (const auto invalid = first_invalid_utf8(text)) {
    fail(Status::kInvalidArgument, "text must be UTF-8, byte {} is not", *invalid);
  }
  std::vector<int64_t> ids;
  const auto append = [&](int64_t id) { ids.push_back(id); };
  const auto append_text = [&](std::string_view part) { append_plain(part, ids); };
  before_normalizer_.split(text, append, [&](std::string_view part) {
    after_normalizer_.split(part, append, append_text);
  });
  return ids;
}

void BpeTokenizer::append_plain(std::string_view text, std::vector<int64_t>& ids) const {
  if (pre_tokenizer_ == PreTokenizer::kByteLevel) {
    split_gpt2(text, [&](std::string_view piece) { model_.encode(byte_letters(piece), ids); });
  } else {
    split_words(text, [&](std::string_view word) { model_.encode(word, ids); });
  }
}

int64_t BpeTokenizer::require(const std::string& token, const std::string& name) const {
  const auto id = find(token);
  if (!id) fail(Status::kBadModelFile, "{}: the token {} is missing", name, token);
  return *id;
}

std::optional<int64_t> BpeTokenizer::find(const std::string& token) const {
  if (const auto id = model_.find(token)) return id;
  const auto found = std::find_if(added_.begin(), added_.end(),
                                  [&](const AddedToken& added) { return added.content == token; });
  if (found == added_.end()) return std::nullopt;
  return found->id;
}

}  // namespace chatterbox::text
