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

struct TokenizerFile;

// How a text becomes words: words and punctuation without white space, or GPT-2's pieces of bytes.
enum class PreTokenizer { kWhitespace, kByteLevel };

// Byte pair encoding, no normaliser. Immutable. Without the library's optional steps: a file that
// asks for one is refused by name.
class BpeTokenizer {
 public:
  // `name` is for messages. kBadModelFile: damaged or contradictory; kUnsupported: another kind.
  [[nodiscard]] static BpeTokenizer parse(std::string_view json, const std::string& name,
                                          PreTokenizer pre_tokenizer = PreTokenizer::kWhitespace);
  BpeTokenizer(TokenizerFile file, PreTokenizer pre_tokenizer);

  // `text` is UTF-8; kInvalidArgument where it is not.
  [[nodiscard]] std::vector<int64_t> encode(std::string_view text) const;
  // Appends the ids of a text in which added tokens are text as any other. `text` is valid UTF-8.
  void append_plain(std::string_view text, std::vector<int64_t>& ids) const;
  [[nodiscard]] std::optional<int64_t> find(const std::string& token) const;
  // The id of a token that the file `name` must have; kBadModelFile where it has not.
  [[nodiscard]] int64_t require(const std::string& token, const std::string& name) const;
  // Above every id.
  [[nodiscard]] int64_t vocabulary_size() const { return vocabulary_size_; }

 private:
  PreTokenizer pre_tokenizer_;
  BpeModel model_;
  AddedTokens before_normalizer_, after_normalizer_;
  std::vector<AddedToken> added_;
  int64_t vocabulary_size_ = 0;
};

}  // namespace chatterbox::text
