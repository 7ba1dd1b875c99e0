#include "text/english_tokenizer.h"

#include <utility>

#include "text/languages.h"
#include "text/punc_norm.h"
#include "text/spoken_form.h"
#include "text/text_file.h"
#include "text/tokenizer.h"

namespace chatterbox::text {
namespace {

constexpr const char* kFile = "tokenizer.json";
constexpr const char* kStart = "[START]";
constexpr const char* kStop = "[STOP]";
constexpr std::string_view kSpace = "[SPACE]";  // stands for ' ', which the pre-tokenizer drops

class EnglishText final : public Tokenizer {
 public:
  EnglishText(EnglishTokenizer tokenizer, std::string (*normalise)(std::string_view))
      : tokenizer_(std::move(tokenizer)), normalise_(normalise) {}

  using Tokenizer::encode;
  [[nodiscard]] std::vector<int64_t> encode(std::string_view text, std::string_view language,
                                            const TextOptions& options) const override {
    refuse_language(language);
    return tokenizer_.encode(options.normalise ? normalise_(text) : std::string(text));
  }
  [[nodiscard]] int64_t vocabulary_size() const override { return tokenizer_.vocabulary_size(); }
  [[nodiscard]] std::optional<int64_t> start_id() const override { return tokenizer_.start_id(); }
  [[nodiscard]] std::optional<int64_t> stop_id() const override { return tokenizer_.stop_id(); }
  [[nodiscard]] std::optional<int64_t> space_id() const override { return tokenizer_.space_id(); }

 private:
  EnglishTokenizer tokenizer_;
  std::string (*normalise_)(std::string_view);
};

}  // namespace

EnglishTokenizer::EnglishTokenizer(BpeTokenizer tokenizer, const std::string& name)
    : tokenizer_(std::move(tokenizer)),
      start_id_(tokenizer_.require(kStart, name)),
      stop_id_(tokenizer_.require(kStop, name)),
      space_id_(tokenizer_.find(std::string(kSpace))) {}

EnglishTokenizer EnglishTokenizer::parse(std::string_view json, const std::string& name) {
  return EnglishTokenizer(BpeTokenizer::parse(json, name), name);
}

EnglishTokenizer EnglishTokenizer::load(const FileSource& files) {
  return parse(files.read(kFile, kMaxFileBytes), files.path(kFile));
}

std::vector<int64_t> EnglishTokenizer::encode(std::string_view normalized_text) const {
  std::string text;
  for (const char c : normalized_text) {
    if (c == ' ') {
      text += kSpace;
    } else {
      text += c;
    }
  }
  return tokenizer_.encode(text);
}

std::shared_ptr<const Tokenizer> load_english_tokenizer(const FileSource& files) {
  return std::make_shared<EnglishText>(EnglishTokenizer::load(files), punc_norm_english);
}

std::shared_ptr<const Tokenizer> load_flash_tokenizer(const FileSource& files) {
  return std::make_shared<EnglishText>(EnglishTokenizer::load(files), spoken_form);
}

}  // namespace chatterbox::text
