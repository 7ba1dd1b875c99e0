#include "text/hf_tokenizer_parser.h"

#include "support/shorten.h"

#include "text/byte_level.h"

namespace chatterbox::text {
namespace {

constexpr const char* kVocabulary = "model.vocab";

class Parser {
 public:
  Parser(const std::string& name, PreTokenizer pre_tokenizer)
      : reader_(name), pre_tokenizer_(pre_tokenizer) {}

  [[nodiscard]] TokenizerFile parse(std::string_view text) const {
    const Json file = reader_.parse(text);
    if (!file.is_object()) reader_.bad("must be an object, is {}", file.type_name());
    for (const char* step : {"normalizer", "truncation", "padding"}) require_null(file, step);
    parse_post_processor(file);
    parse_pre_tokenizer(reader_.get(file, "pre_tokenizer"));
    const Json& model = reader_.get(file, "model");
    require_type(model, "model", "BPE");
    TokenizerFile tokenizer;
    parse_model(model, tokenizer.model);
    if (is_byte_level()) require_byte_letters(reader_, kVocabulary, tokenizer.model);
    parse_added_tokens(file, tokenizer);
    return tokenizer;
  }

 private:
  [[nodiscard]] bool is_byte_level() const { return pre_tokenizer_ == PreTokenizer::kByteLevel; }

  void require_null(const Json& file, const char* step) const {
    if (!JsonReader::is_null(file, step)) reader_.unsupported("{} is not supported", step);
  }

  // transformers' GPT-2 files have one that adds nothing.
  void parse_post_processor(const Json& file) const {
    constexpr const char* kKey = "post_processor";
    if (!is_byte_level()) return require_null(file, kKey);
    if (JsonReader::is_null(file, kKey)) return;
    const Json& step = file.at(kKey);
    reader_.require_object(step, kKey);
    const std::string& type = reader_.get_string(reader_.get(step, "type"), "type");
    if (type == "ByteLevel") return;
    const auto single = step.find("single");
    if (type != "TemplateProcessing" || single == step.end() || single->size() != 1 ||
        !single->is_array() || !single->front().contains("Sequence")) {
      reader_.unsupported("{} is not supported where it adds tokens", kKey);
    }
  }

  void parse_pre_tokenizer(const Json& json) const {
    require_type(json, "pre_tokenizer", is_byte_level() ? "ByteLevel" : "Whitespace");
    if (!is_byte_level()) return;
    const bool splits =
        JsonReader::is_null(json, "use_regex") || reader_.get_flag(json, "use_regex");
    if (reader_.get_flag(json, "add_prefix_space") || !splits) {
      reader_.unsupported("pre_tokenizer is supported with use_regex, without add_prefix_space");
    }
  }

  void require_type(const Json& part, const char* key, const char* type) const {
    if (part.is_null()) reader_.unsupported("{} null is not supported, only {}", key, type);
    reader_.require_object(part, key);
    const std::string& actual = reader_.get_string(reader_.get(part, "type"), "type");
    if (actual != type) {
      reader_.unsupported("{} '{}' is not supported, only {}", key, shorten(actual), type);
    }
  }

  void parse_model(const Json& json, BpeModel& model) const {
    if (!JsonReader::is_null(json, "dropout"))
      reader_.unsupported("model.dropout is not supported");
    for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
      // NOLINTNEXTLINE(readability-container-size-empty): of any type
      if (!JsonReader::is_null(json, key) && json.at(key) != "") {
        reader_.unsupported("model.{} is not supported", key);
      }
    }
    if (reader_.get_flag(json, "byte_fallback")) {
      reader_.unsupported("model.byte_fallback is not supported");
    }
    model.fuse_unknown = reader_.get_flag(json, "fuse_unk");
    model.ignore_merges = reader_.get_flag(json, "ignore_merges");
    read_vocabulary(reader_, reader_.get(json, "vocab"), kVocabulary, model);
    parse_merges(reader_.get(json, "merges"), model);
    if (JsonReader::is_null(json, "unk_token")) return;
    const std::string& unknown = reader_.get_string(json.at("unk_token"), "model.unk_token");
    model.unknown = model.find(unknown);
    if (!model.unknown) {
      reader_.bad("model.unk_token '{}' is not in {}", shorten(unknown), kVocabulary);
    }
  }

  // "a b", or ["a", "b"]
  [[nodiscard]] Merge parse_merge(const Json& merge) const {
    if (merge.is_string()) return split_merge(reader_, merge.get_ref<const std::string&>());
    if (!merge.is_array() || merge.size() != 2) {
      reader_.bad("a merge must be a string or two strings, is {}", merge.type_name());
    }
    constexpr const char* kToken = "a token of a merge";
    return {reader_.get_string(merge[0], kToken), reader_.get_string(merge[1], kToken)};
  }

  void parse_merges(const Json& json, BpeModel& model) const {
    if (!json.is_array()) reader_.bad("model.merges must be an array, is {}", json.type_name());
    if (json.size() > kMaxTokens) {
      reader_.bad("model.merges must have at most {} merges, has {}", kMaxTokens, json.size());
    }
    for (size_t rank = 0; rank < json.size(); ++rank) {
      add_merge(reader_, kVocabulary, rank, parse_merge(json[rank]), model);
    }
  }

  void parse_added_tokens(const Json& file, TokenizerFile& tokenizer) const {
    if (JsonReader::is_null(file, "added_tokens")) return;
    const Json& tokens = file.at("added_tokens");
    if (!tokens.is_array()) reader_.bad("added_tokens must be an array, is {}", tokens.type_name());
    if (tokens.size() > kMaxTokens) {
      reader_.bad("added_tokens must have at most {} tokens, has {}", kMaxTokens, tokens.size());
    }
    AddedTokenList list(reader_, tokenizer);
    for (const Json& json : tokens) {
      reader_.require_object(json, "an added token");
      AddedToken token;
      token.content = reader_.get_string(reader_.get(json, "content"), "content of an added token");
      token.id = reader_.get_id(reader_.get(json, "id"), token.content);
      read_token_flags(reader_, json, token);
      list.add(std::move(token));
    }
  }

  JsonReader reader_;
  PreTokenizer pre_tokenizer_;
};

}  // namespace

TokenizerFile parse_tokenizer_file(std::string_view json, const std::string& name,
                                   PreTokenizer pre_tokenizer) {
  return Parser(name, pre_tokenizer).parse(json);
}

}  // namespace chatterbox::text
