// The tokenizer of the English family (the reference's EnTokenizer).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/file_source.h"
#include "text/hf_tokenizer.h"

namespace chatterbox::text {

// Immutable.
class EnglishTokenizer {
 public:
  // As BpeTokenizer::parse; also kBadModelFile where the start or stop token is missing.
  [[nodiscard]] static EnglishTokenizer parse(std::string_view json, const std::string& name);
  [[nodiscard]] static EnglishTokenizer load(const FileSource& files);  // tokenizer.json

  // Without start and stop. `normalized_text` comes from punc_norm_english() or spoken_form().
  [[nodiscard]] std::vector<int64_t> encode(std::string_view normalized_text) const;
  [[nodiscard]] int64_t start_id() const { return start_id_; }
  [[nodiscard]] int64_t stop_id() const { return stop_id_; }
  [[nodiscard]] std::optional<int64_t> space_id() const { return space_id_; }
  [[nodiscard]] int64_t vocabulary_size() const { return tokenizer_.vocabulary_size(); }

 private:
  explicit EnglishTokenizer(BpeTokenizer tokenizer, const std::string& name);

  BpeTokenizer tokenizer_;
  int64_t start_id_ = 0;
  int64_t stop_id_ = 0;
  std::optional<int64_t> space_id_;
};

}  // namespace chatterbox::text
