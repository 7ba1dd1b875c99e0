#include "text/gpt2_files.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "support/shorten.h"
#include "text/bpe_parts.h"
#include "text/byte_level.h"
#include "text/text_file.h"

namespace chatterbox::text {
namespace {

constexpr const char* kConfig = "tokenizer_config.json";
constexpr const char* kVocabulary = "the vocabulary";
constexpr const char* kAddedTokens = "added_tokens_decoder";
// A token of the vocabulary that GPT-2's tokenizer class finds in a text without being told to.
constexpr const char* kEndOfText = "<|endoftext|>";

void add_end_of_text(AddedTokenList& list, const TokenizerFile& file) {
  const auto id = file.model.find(kEndOfText);
  if (!id || list.has(kEndOfText)) return;
  AddedToken token;
  token.content = kEndOfText;
  token.id = *id;
  list.add(std::move(token));
}

// tokenizer_config.json
class Config {
 public:
  explicit Config(const FileSource& files) : reader_(files.path(kConfig)) {
    if (!files.has(kConfig)) return;
    json_ = reader_.parse(files.read(kConfig, kMaxFileBytes));
    reader_.require_object(json_, "the file");
    for (const char* key : {"add_prefix_space", "add_bos_token"}) {
      if (reader_.get_flag(json_, key)) reader_.unsupported("{} is not supported", key);
    }
  }

  [[nodiscard]] std::optional<int64_t> model_max_length() const {
    constexpr const char* kKey = "model_max_length";
    // transformers writes 1e30 where there is no limit.
    constexpr double kNoLimit = 1e9;
    if (JsonReader::is_null(json_, kKey)) return std::nullopt;
    const Json& value = json_.at(kKey);
    if (!value.is_number() || value.get<double>() < 1) {
      reader_.bad("{} must be a number from 1 on, is {}", kKey, shorten(value.dump()));
    }
    if (value.get<double>() >= kNoLimit) return std::nullopt;
    return value.get<int64_t>();
  }

  [[nodiscard]] bool has_tokens() const { return !JsonReader::is_null(json_, kAddedTokens); }

  void add_tokens(TokenizerFile& file) const {
    const Json& tokens = json_.at(kAddedTokens);
    reader_.require_object(tokens, kAddedTokens);
    AddedTokenList list(reader_, file);
    for (const auto& [id, json] : tokens.items()) {
      reader_.require_object(json, "an added token");
      AddedToken token;
      token.content = reader_.get_string(reader_.get(json, "content"), "content of an added token");
      token.id = reader_.get_id(parse_number(id), token.content);
      read_token_flags(reader_, json, token);
      list.add(std::move(token));
    }
    add_end_of_text(list, file);
  }

 private:
  // The key of a token, which is its id. Null where it is no number.
  [[nodiscard]] static Json parse_number(const std::string& key) {
    int64_t number = 0;
    const char* end = key.data() + key.size();
    const auto [stop, error] = std::from_chars(key.data(), end, number);
    return error == std::errc() && stop == end ? Json(number) : Json();
  }

  JsonReader reader_;
  Json json_ = Json::object();
};

// added_tokens.json: {"[laugh]": 50275, ...}
void add_tokens(const FileSource& files, TokenizerFile& file) {
  constexpr const char* kName = "added_tokens.json";
  const JsonReader reader(files.path(kName));
  const Json json =
      files.has(kName) ? reader.parse(files.read(kName, kMaxFileBytes)) : Json::object();
  reader.require_object(json, "the file");
  AddedTokenList list(reader, file);
  for (const auto& [content, id] : json.items()) {
    AddedToken token;
    token.content = reader.check_length(content, "a token");
    token.id = reader.get_id(id, content);
    list.add(std::move(token));
  }
  add_end_of_text(list, file);
}

void read_merges(const FileSource& files, BpeModel& model) {
  constexpr const char* kName = "merges.txt";
  const std::string bytes = files.read(kName, kMaxFileBytes);
  const JsonReader reader(files.path(kName));
  std::string_view rest = bytes;
  for (size_t rank = 0; !rest.empty();) {
    const size_t stop = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, stop);
    rest.remove_prefix(std::min(stop + 1, rest.size()));
    if (line.empty() || (rank == 0 && line.substr(0, 8) == "#version")) continue;
    if (rank == kMaxTokens) reader.bad("must have at most {} merges", kMaxTokens);
    add_merge(reader, kVocabulary, rank, split_merge(reader, line), model);
    ++rank;
  }
}

TokenizerFile read_files(const FileSource& files, const Config& config) {
  constexpr const char* kName = "vocab.json";
  const JsonReader reader(files.path(kName));
  TokenizerFile file;
  read_vocabulary(reader, reader.parse(files.read(kName, kMaxFileBytes)), kVocabulary, file.model);
  require_byte_letters(reader, kVocabulary, file.model);
  read_merges(files, file.model);
  if (config.has_tokens()) {
    config.add_tokens(file);
  } else {
    add_tokens(files, file);
  }
  return file;
}

}  // namespace

Gpt2Tokenizer load_gpt2_tokenizer(const FileSource& files) {
  constexpr auto kKind = PreTokenizer::kByteLevel;
  constexpr const char* kWhole = "tokenizer.json";
  const Config config(files);
  BpeTokenizer tokenizer =
      files.has(kWhole)
          ? BpeTokenizer::parse(files.read(kWhole, kMaxFileBytes), files.path(kWhole), kKind)
          : BpeTokenizer(read_files(files, config), kKind);
  return {std::move(tokenizer), config.model_max_length()};
}

}  // namespace chatterbox::text
