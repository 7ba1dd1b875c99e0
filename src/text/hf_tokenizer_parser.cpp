#include "text/hf_tokenizer_parser.h"

#include <nlohmann/json.hpp>
#include <unordered_set>
#include <utility>

#include "support/error.h"

namespace chatterbox::text {
namespace {

using Json = nlohmann::json;

constexpr int kMostDepth = 16;
constexpr size_t kMostTokenBytes = 1024;
constexpr size_t kMostTokens = size_t{1} << 22U;
constexpr int64_t kMostId = INT32_MAX;

class Parser {
 public:
  explicit Parser(const std::string& name) : name_(name) {}

  [[nodiscard]] TokenizerFile parse(std::string_view text) const {
    const Json file = parse_json(text);
    if (!file.is_object()) bad("must be an object, is {}", file.type_name());
    for (const char* step : {"normalizer", "truncation", "padding", "post_processor"}) {
      if (!is_null(file, step)) unsupported("{} is not supported", step);
    }
    require_type(get(file, "pre_tokenizer"), "pre_tokenizer", "Whitespace");
    const Json& model = get(file, "model");
    require_type(model, "model", "BPE");
    TokenizerFile tokenizer;
    parse_model(model, tokenizer.model);
    parse_added_tokens(file, tokenizer);
    return tokenizer;
  }

 private:
  template <class... Args>
  [[noreturn]] void bad(fmt::format_string<Args...> format, Args&&... args) const {
    fail(Status::kBadModelFile, "{}: {}", name_, fmt::format(format, std::forward<Args>(args)...));
  }
  template <class... Args>
  [[noreturn]] void unsupported(fmt::format_string<Args...> format, Args&&... args) const {
    fail(Status::kUnsupported, "{}: {}", name_, fmt::format(format, std::forward<Args>(args)...));
  }

  [[nodiscard]] static bool is_null(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found == object.end() || found->is_null();
  }

  [[nodiscard]] static std::string shorten(const std::string& value) {
    return value.size() <= 40 ? value : "a string of " + std::to_string(value.size()) + " bytes";
  }

  [[nodiscard]] Json parse_json(std::string_view text) const {
    const auto check_depth = [&](int depth, Json::parse_event_t, Json&) {
      if (depth > kMostDepth) bad("nested deeper than {} levels", kMostDepth);
      return true;
    };
    try {
      return Json::parse(text.begin(), text.end(), check_depth);
    } catch (const Json::parse_error& error) {
      bad("not valid JSON at byte {}", error.byte);
    } catch (const Json::exception&) {
      bad("not valid JSON: a number is out of range");
    }
  }

  [[nodiscard]] const Json& get(const Json& object, const char* key) const {
    const auto found = object.find(key);
    if (found == object.end()) bad("{} is missing", key);
    return *found;
  }

  [[nodiscard]] const std::string& get_string(const Json& value, const char* what) const {
    if (!value.is_string()) bad("{} must be a string, is {}", what, value.type_name());
    return check_length(value.get_ref<const std::string&>(), what);
  }

  [[nodiscard]] const std::string& check_length(const std::string& value, const char* what) const {
    if (value.empty() || value.size() > kMostTokenBytes) {
      bad("{} must have 1 to {} bytes, has {}", what, kMostTokenBytes, value.size());
    }
    return value;
  }

  [[nodiscard]] bool get_flag(const Json& object, const char* key) const {
    if (is_null(object, key)) return false;
    const Json& value = object.at(key);
    if (!value.is_boolean()) bad("{} must be true or false, is {}", key, value.type_name());
    return value.get<bool>();
  }

  [[nodiscard]] int64_t get_id(const Json& value, const std::string& token) const {
    if (!value.is_number_integer()) {
      bad("the id of '{}' must be an integer, is {}", shorten(token), value.type_name());
    }
    const auto id = value.get<int64_t>();
    if (id < 0 || id >= kMostId) {
      bad("the id of '{}' must be in [0, {}), is {}", shorten(token), kMostId, id);
    }
    return id;
  }

  void require_type(const Json& part, const char* key, const char* type) const {
    if (part.is_null()) unsupported("{} null is not supported, only {}", key, type);
    if (!part.is_object()) bad("{} must be an object, is {}", key, part.type_name());
    const std::string& actual = get_string(get(part, "type"), "type");
    if (actual != type) {
      unsupported("{} '{}' is not supported, only {}", key, shorten(actual), type);
    }
  }

  void parse_model(const Json& json, BpeModel& model) const {
    for (const char* key : {"dropout", "continuing_subword_prefix", "end_of_word_suffix"}) {
      if (!is_null(json, key)) unsupported("model.{} is not supported", key);
    }
    if (get_flag(json, "byte_fallback")) unsupported("model.byte_fallback is not supported");
    model.fuse_unknown = get_flag(json, "fuse_unk");
    model.ignore_merges = get_flag(json, "ignore_merges");
    parse_vocabulary(get(json, "vocab"), model);
    parse_merges(get(json, "merges"), model);
    if (is_null(json, "unk_token")) return;
    const std::string& unknown = get_string(json.at("unk_token"), "model.unk_token");
    model.unknown = model.find(unknown);
    if (!model.unknown) bad("model.unk_token '{}' is not in model.vocab", shorten(unknown));
  }

  void parse_vocabulary(const Json& json, BpeModel& model) const {
    if (!json.is_object()) bad("model.vocab must be an object, is {}", json.type_name());
    if (json.size() > kMostTokens) {
      bad("model.vocab must have at most {} tokens, has {}", kMostTokens, json.size());
    }
    std::unordered_set<int64_t> taken;
    for (const auto& [token, value] : json.items()) {
      const int64_t id = get_id(value, check_length(token, "a token of model.vocab"));
      if (!taken.insert(id).second) bad("two tokens of model.vocab have the id {}", id);
      model.vocabulary.emplace(token, id);
    }
  }

  // "a b", or ["a", "b"]
  [[nodiscard]] std::pair<std::string, std::string> parse_merge(const Json& merge) const {
    if (merge.is_string()) {
      const auto& both = merge.get_ref<const std::string&>();
      const size_t space = both.find(' ');
      if (space != std::string::npos && both.find(' ', space + 1) == std::string::npos) {
        return {both.substr(0, space), both.substr(space + 1)};
      }
      bad("a merge must be two tokens with one space between them, is '{}'", shorten(both));
    }
    if (!merge.is_array() || merge.size() != 2) {
      bad("a merge must be a string or two strings, is {}", merge.type_name());
    }
    return {get_string(merge[0], "a token of a merge"), get_string(merge[1], "a token of a merge")};
  }

  void parse_merges(const Json& json, BpeModel& model) const {
    if (!json.is_array()) bad("model.merges must be an array, is {}", json.type_name());
    if (json.size() > kMostTokens) {
      bad("model.merges must have at most {} merges, has {}", kMostTokens, json.size());
    }
    const auto require = [&](const std::string& token, size_t rank) {
      const auto id = model.find(token);
      if (!id) bad("merge {}: '{}' is not in model.vocab", rank, shorten(token));
      return *id;
    };
    for (size_t rank = 0; rank < json.size(); ++rank) {
      const auto [left, right] = parse_merge(json[rank]);
      const uint64_t key = BpeModel::pair_key(require(left, rank), require(right, rank));
      // Of two equal merges the later one counts.
      model.merges[key] = {static_cast<uint32_t>(rank), require(left + right, rank)};
    }
  }

  void parse_added_tokens(const Json& file, TokenizerFile& tokenizer) const {
    if (is_null(file, "added_tokens")) return;
    const Json& tokens = file.at("added_tokens");
    if (!tokens.is_array()) bad("added_tokens must be an array, is {}", tokens.type_name());
    if (tokens.size() > kMostTokens) {
      bad("added_tokens must have at most {} tokens, has {}", kMostTokens, tokens.size());
    }
    std::unordered_set<std::string> seen;
    std::unordered_set<int64_t> taken;
    for (const auto& [token, id] : tokenizer.model.vocabulary) taken.insert(id);
    for (const Json& json : tokens) {
      if (!json.is_object()) bad("an added token must be an object, is {}", json.type_name());
      AddedToken token;
      token.content = get_string(get(json, "content"), "content of an added token");
      token.id = get_id(get(json, "id"), token.content);
      token.single_word = get_flag(json, "single_word");
      token.lstrip = get_flag(json, "lstrip");
      token.rstrip = get_flag(json, "rstrip");
      token.normalized = get_flag(json, "normalized");
      const auto id = tokenizer.model.find(token.content);
      if (id && *id != token.id) {
        bad("the token '{}' has two ids, {} and {}", shorten(token.content), *id, token.id);
      }
      if (!id && !taken.insert(token.id).second) {
        bad("the added token '{}' has the id {} of another token", shorten(token.content),
            token.id);
      }
      if (!seen.insert(token.content).second) {
        bad("the added token '{}' is there twice", shorten(token.content));
      }
      tokenizer.added.push_back(std::move(token));
    }
  }

  const std::string& name_;
};

}  // namespace

TokenizerFile parse_tokenizer_file(std::string_view json, const std::string& name) {
  return Parser(name).parse(json);
}

}  // namespace chatterbox::text
