// The tokenizer of a GPT-2 model as transformers saves it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "support/file_source.h"
#include "text/hf_tokenizer.h"

namespace chatterbox::text {

struct Gpt2Tokenizer {
  BpeTokenizer tokenizer;
  std::optional<int64_t> model_max_length;  // ids of one text; none: no limit
};

// tokenizer.json where there is one, else vocab.json and merges.txt with the tokens that
// tokenizer_config.json (added_tokens_decoder) or added_tokens.json adds.
[[nodiscard]] Gpt2Tokenizer load_gpt2_tokenizer(const FileSource& files);

}  // namespace chatterbox::text
