#include "text/bpe_parts.h"

#include "support/shorten.h"

namespace chatterbox::text {

void read_vocabulary(const JsonReader& reader, const Json& json, const char* what,
                     BpeModel& model) {
  reader.require_object(json, what);
  if (json.size() > kMaxTokens) {
    reader.bad("{} must have at most {} tokens, has {}", what, kMaxTokens, json.size());
  }
  const std::string token_of = std::string("a token of ") + what;
  std::unordered_set<int64_t> taken;
  for (const auto& [token, value] : json.items()) {
    const int64_t id = reader.get_id(value, reader.check_length(token, token_of.c_str()));
    if (!taken.insert(id).second) reader.bad("two tokens of {} have the id {}", what, id);
    model.vocabulary.emplace(token, id);
  }
}

Merge split_merge(const JsonReader& reader, std::string_view merge) {
  const size_t space = merge.find(' ');
  if (space == std::string_view::npos || merge.find(' ', space + 1) != std::string_view::npos) {
    reader.bad("a merge must be two tokens with one space between them, is '{}'",
               shorten(std::string(merge)));
  }
  return {merge.substr(0, space), merge.substr(space + 1)};
}

void add_merge(const JsonReader& reader, const char* what, size_t rank, const Merge& merge,
               BpeModel& model) {
  const auto require = [&](const std::string& token) {
    const auto id = model.find(token);
    if (!id) reader.bad("merge {}: '{}' is not in {}", rank, shorten(token), what);
    return *id;
  };
  const std::string left(merge.first);
  const std::string right(merge.second);
  const uint64_t key = BpeModel::pair_key(require(left), require(right));
  model.merges[key] = {static_cast<uint32_t>(rank), require(left + right)};
}

void read_token_flags(const JsonReader& reader, const Json& json, AddedToken& token) {
  token.single_word = reader.get_flag(json, "single_word");
  token.lstrip = reader.get_flag(json, "lstrip");
  token.rstrip = reader.get_flag(json, "rstrip");
  token.normalized = reader.get_flag(json, "normalized");
}

AddedTokenList::AddedTokenList(const JsonReader& reader, TokenizerFile& file)
    : reader_(reader), file_(file) {
  for (const auto& [token, id] : file.model.vocabulary) taken_.insert(id);
}

void AddedTokenList::add(AddedToken token) {
  const std::string name = shorten(token.content);
  const auto id = file_.model.find(token.content);
  if (id && *id != token.id) {
    reader_.bad("the token '{}' has two ids, {} and {}", name, *id, token.id);
  }
  if (!id && !taken_.insert(token.id).second) {
    reader_.bad("the added token '{}' has the id {} of another token", name, token.id);
  }
  if (!seen_.insert(token.content).second) reader_.bad("the added token '{}' is there twice", name);
  file_.added.push_back(std::move(token));
}

}  // namespace chatterbox::text
