#include <utility>

#include "support/error.h"
#include "text/gpt2_files.h"
#include "text/languages.h"
#include "text/punc_norm.h"
#include "text/tokenizer.h"

namespace chatterbox::text {
namespace {

class TurboTokenizer final : public Tokenizer {
 public:
  explicit TurboTokenizer(Gpt2Tokenizer gpt2) : gpt2_(std::move(gpt2)) {}

  using Tokenizer::encode;
  [[nodiscard]] std::vector<int64_t> encode(std::string_view text, std::string_view language,
                                            const TextOptions&) const override {
    refuse_language(language);
    std::vector<int64_t> ids = gpt2_.tokenizer.encode(punc_norm_turbo(text));
    const auto limit = gpt2_.model_max_length;
    const auto count = static_cast<int64_t>(ids.size());
    // The reference cuts the rest off without a word.
    if (limit && count > *limit) {
      fail(Status::kInvalidArgument,
           "text must have at most {} tokens (the tokenizer's model_max_length), has {}", *limit,
           count);
    }
    return ids;
  }
  [[nodiscard]] int64_t vocabulary_size() const override {
    return gpt2_.tokenizer.vocabulary_size();
  }
  [[nodiscard]] std::optional<int64_t> start_id() const override { return std::nullopt; }
  [[nodiscard]] std::optional<int64_t> stop_id() const override { return std::nullopt; }

 private:
  Gpt2Tokenizer gpt2_;
};

}  // namespace

std::shared_ptr<const Tokenizer> load_turbo_tokenizer(const FileSource& files) {
  return std::make_shared<TurboTokenizer>(load_gpt2_tokenizer(files));
}

}  // namespace chatterbox::text
