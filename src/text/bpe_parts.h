// The parts that every kind of tokenizer file of Hugging Face's libraries has.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "text/added_tokens.h"
#include "text/bpe_model.h"
#include "text/json_reader.h"

namespace chatterbox::text {

struct TokenizerFile {
  BpeModel model;
  std::vector<AddedToken> added;
};

// {"token": id, ...}; `what` names the object in messages.
void read_vocabulary(const JsonReader& reader, const Json& json, const char* what, BpeModel& model);

using Merge = std::pair<std::string_view, std::string_view>;
// "a b"
[[nodiscard]] Merge split_merge(const JsonReader& reader, std::string_view merge);
// All three tokens must be in the vocabulary `what`. Of two equal merges the later one counts.
void add_merge(const JsonReader& reader, const char* what, size_t rank, const Merge& merge,
               BpeModel& model);

// {"single_word": false, ...}
void read_token_flags(const JsonReader& reader, const Json& json, AddedToken& token);

// Appends to file.added, and refuses a token or an id that is there already.
class AddedTokenList {
 public:
  AddedTokenList(const JsonReader& reader, TokenizerFile& file);
  void add(AddedToken token);
  [[nodiscard]] bool has(const std::string& content) const { return seen_.count(content) != 0; }

 private:
  const JsonReader& reader_;
  TokenizerFile& file_;
  std::unordered_set<std::string> seen_;
  std::unordered_set<int64_t> taken_;
};

}  // namespace chatterbox::text
