#pragma once

#include <string>
#include <string_view>

#include "text/bpe_parts.h"
#include "text/hf_tokenizer.h"

namespace chatterbox::text {

// See BpeTokenizer::parse().
[[nodiscard]] TokenizerFile parse_tokenizer_file(std::string_view json, const std::string& name,
                                                 PreTokenizer pre_tokenizer);

}  // namespace chatterbox::text
