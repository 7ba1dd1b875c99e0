// Tokenizer files of Hugging Face's tokenizers library (tokenizer.json).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/added_tokens.h"
#include "text/bpe_model.h"

namespace chatterbox::text {

// Byte pair encoding over words and punctuation (the "Whitespace" pre-tokenizer), no normaliser.
// Immutable. Without the library's optional steps: a file that asks for one is refused by name.
class BpeTokenizer {
 public:
  // `name` is for messages. kBadModelFile: damaged or contradictory; kUnsupported: another kind.
  [[nodiscard]] static BpeTokenizer parse(std::string_view json, const std::string& name);

  // `text` is UTF-8; kInvalidArgument where it is not.
  [[nodiscard]] std::vector<int64_t> encode(std::string_view text) const;
  [[nodiscard]] std::optional<int64_t> find(const std::string& token) const;
  // Above every id.
  [[nodiscard]] int64_t vocabulary_size() const { return vocabulary_size_; }

 private:
  BpeTokenizer() = default;

  BpeModel model_;
  AddedTokens before_normalizer_, after_normalizer_;
  std::vector<AddedToken> added_;
  int64_t vocabulary_size_ = 0;
};

}  // namespace chatterbox::text
