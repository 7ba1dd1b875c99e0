#include "text/multilingual_tokenizer.h"

#include <algorithm>

#include "support/error.h"
#include "support/utf8.h"
#include "text/languages.h"
#include "text/punc_norm.h"
#include "text/text_file.h"
#include "text/unicode.h"

namespace chatterbox::text {
namespace {

// Of the current releases, and of the first one.
constexpr const char* kFile = "grapheme_mtl_merged_expanded_v1.json";
constexpr const char* kOldFile = "mtl_tokenizer.json";

// Lower case before NFKD: the first is not the same on what the second makes.
std::string prepare(std::string_view normalized, std::string_view code) {
  std::string text = lower_and_decompose(normalized);
  if (code == "ko") {
    // NFKD has made jamo of the syllables; it may also leave a space in front.
    const size_t start = text.find_first_not_of(' ');
    text.erase(0, std::min(start, text.size()));
  }
  return text;
}

void refuse_han(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const CodePoint c = decode_utf8(text, i);
    if (is_han(c.value)) {
      fail(Status::kInvalidArgument,
           "text: the model reads Japanese in kana, and '{}' needs a reading; write the text in "
           "kana",
           text.substr(i, c.size));
    }
    i += c.size;
  }
}

}  // namespace

MultilingualTokenizer::MultilingualTokenizer(const FileSource& files)
    : MultilingualTokenizer(files, !files.has(kFile) && files.has(kOldFile) ? kOldFile : kFile) {}

MultilingualTokenizer::MultilingualTokenizer(const FileSource& files,
                                             const std::string& tokenizer_json)
    : tokenizer_(BpeTokenizer::parse(files.read(tokenizer_json, kMaxFileBytes),
                                     files.path(tokenizer_json))),
      cangjie_(files, tokenizer_),
      start_id_(tokenizer_.require("[START]", files.path(tokenizer_json))),
      stop_id_(tokenizer_.require("[STOP]", files.path(tokenizer_json))),
      space_id_(tokenizer_.require("[SPACE]", files.path(tokenizer_json))) {}

std::vector<int64_t> MultilingualTokenizer::encode(std::string_view text, std::string_view language,
                                                   const TextOptions& options) const {
  const std::string_view code = find_language(language).code;
  return encode_normalized(punc_norm_multilingual(text), code, options);
}

std::vector<int64_t> MultilingualTokenizer::encode_normalized(std::string_view normalized,
                                                              std::string_view code,
                                                              const TextOptions& options) const {
  const std::string text = prepare(normalized, code);
  if (code == "ja" && !options.han) refuse_han(text);
  std::vector<int64_t> ids;
  if (!code.empty()) ids.push_back(tag_of(code));
  // What becomes a token by itself, a space or a character with a Cangjie code, parts the rest.
  size_t start = 0;
  for (size_t i = 0; i < text.size();) {
    const CodePoint c = decode_utf8(text, i);
    const std::string_view character = std::string_view(text).substr(i, c.size);
    const std::vector<int64_t>* keys =
        code == "zh" && is_other_letter(c.value) ? cangjie_.find(character) : nullptr;
    if (c.value == ' ' || keys != nullptr) {
      append(std::string_view(text).substr(start, i - start), options.tags, ids);
      if (keys != nullptr) {
        ids.insert(ids.end(), keys->begin(), keys->end());
      } else {
        ids.push_back(space_id_);
      }
      start = i + c.size;
    }
    i += c.size;
  }
  append(std::string_view(text).substr(start), options.tags, ids);
  return ids;
}

int64_t MultilingualTokenizer::tag_of(std::string_view code) const {
  const std::string tag = "[" + std::string(code) + "]";
  const auto id = tokenizer_.find(tag);
  if (!id) fail(Status::kUnsupported, "language {}: this model has no token {}", code, tag);
  return *id;
}

void MultilingualTokenizer::append(std::string_view part, bool tags,
                                   std::vector<int64_t>& ids) const {
  if (!tags) return tokenizer_.append_plain(part, ids);
  const std::vector<int64_t> more = tokenizer_.encode(part);
  ids.insert(ids.end(), more.begin(), more.end());
}

std::shared_ptr<const Tokenizer> load_multilingual_tokenizer(const FileSource& files) {
  return std::make_shared<MultilingualTokenizer>(files);
}

}  // namespace chatterbox::text
