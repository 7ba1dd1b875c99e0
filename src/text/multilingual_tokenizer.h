// The tokenizer of the multilingual family (the reference's MTLTokenizer).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/cangjie.h"
#include "text/hf_tokenizer.h"
#include "text/tokenizer.h"

namespace chatterbox::text {

class MultilingualTokenizer final : public Tokenizer {
 public:
  // See load_multilingual_tokenizer().
  explicit MultilingualTokenizer(const FileSource& files);

  using Tokenizer::encode;
  [[nodiscard]] std::vector<int64_t> encode(std::string_view text, std::string_view language,
                                            const TextOptions& options) const override;
  // `normalized`: of punc_norm_multilingual(). `code`: one of languages(), or empty for no tag.
  [[nodiscard]] std::vector<int64_t> encode_normalized(std::string_view normalized,
                                                       std::string_view code,
                                                       const TextOptions& options) const;
  [[nodiscard]] int64_t vocabulary_size() const override { return tokenizer_.vocabulary_size(); }
  [[nodiscard]] std::optional<int64_t> start_id() const override { return start_id_; }
  [[nodiscard]] std::optional<int64_t> stop_id() const override { return stop_id_; }
  [[nodiscard]] std::optional<int64_t> space_id() const override { return space_id_; }

 private:
  MultilingualTokenizer(const FileSource& files, const std::string& tokenizer_json);
  [[nodiscard]] int64_t tag_of(std::string_view code) const;
  void append(std::string_view part, bool tags, std::vector<int64_t>& ids) const;

  BpeTokenizer tokenizer_;
  Cangjie cangjie_;
  int64_t start_id_ = 0, stop_id_ = 0, space_id_ = 0;
};

}  // namespace chatterbox::text
