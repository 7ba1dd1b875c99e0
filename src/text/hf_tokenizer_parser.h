#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text/added_tokens.h"
#include "text/bpe_model.h"

namespace chatterbox::text {

struct TokenizerFile {
  BpeModel model;
  std::vector<AddedToken> added;
};

// See BpeTokenizer::parse().
[[nodiscard]] TokenizerFile parse_tokenizer_file(std::string_view json, const std::string& name);

}  // namespace chatterbox::text
