// A family's whole way from a request's text to T3's ids.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/file_source.h"

namespace chatterbox::text {

// Families look at what concerns them.
struct TextOptions {
  // Multilingual: tags in the text, such as [laughter] or [de], are the model's tokens. Otherwise
  // they are text.
  bool tags = false;
  // Japanese: a Han character goes to the tokenizer as it is, which mostly does not know it.
  // Otherwise it is an error: the model reads kana.
  bool han = false;
  // Flash: numbers, abbreviations and the like become words. Otherwise the text is read as it is.
  bool normalise = true;
};

// Immutable: any thread may use one at any time.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  // Normalises as the family does, then tokenises: ids without start and stop. `text` is UTF-8.
  // `language`: a code of languages() in any case, empty where the family has none.
  // kInvalidArgument: not UTF-8, a wrong language, a text longer than the tokenizer
  // admits, Japanese with Han characters where the options do not allow them.
  [[nodiscard]] virtual std::vector<int64_t> encode(std::string_view text,
                                                    std::string_view language,
                                                    const TextOptions& options) const = 0;
  [[nodiscard]] std::vector<int64_t> encode(std::string_view text,
                                            std::string_view language) const {
    return encode(text, language, {});
  }
  // Above every id.
  [[nodiscard]] virtual int64_t vocabulary_size() const = 0;
  // What goes before and after the ids, where the vocabulary has it: [START] and [STOP], or a
  // SentencePiece model's bos and eos.
  [[nodiscard]] virtual std::optional<int64_t> start_id() const = 0;
  [[nodiscard]] virtual std::optional<int64_t> stop_id() const = 0;
  // The token that parts words, where it is one of its own.
  [[nodiscard]] virtual std::optional<int64_t> space_id() const { return std::nullopt; }
};

// All of them: kNotFound names the file that is missing, kBadModelFile says what is wrong with one,
// kUnsupported what it asks for.

// English: tokenizer.json.
[[nodiscard]] std::shared_ptr<const Tokenizer> load_english_tokenizer(const FileSource& files);

// Flash: the same file behind spoken_form.h.
[[nodiscard]] std::shared_ptr<const Tokenizer> load_flash_tokenizer(const FileSource& files);

// Turbo and Nano: tokenizer.json, or vocab.json and merges.txt with added_tokens.json; and
// tokenizer_config.json, whose model_max_length limits the text, where there is one.
[[nodiscard]] std::shared_ptr<const Tokenizer> load_turbo_tokenizer(const FileSource& files);

// grapheme_mtl_merged_expanded_v1.json, or mtl_tokenizer.json where that is absent, and
// Cangjie5_TC.json. Like the reference without its optional packages: Chinese is not segmented,
// Hebrew gets no vowel points, Russian no stress marks and Japanese no readings.
[[nodiscard]] std::shared_ptr<const Tokenizer> load_multilingual_tokenizer(const FileSource& files);

// A SentencePiece model (*.model) behind one of punc_norm.h, or behind spoken_form.h.
[[nodiscard]] std::shared_ptr<const Tokenizer> load_sentencepiece_tokenizer(
    const FileSource& files, const std::string& name, std::string (*normalize)(std::string_view));

}  // namespace chatterbox::text
