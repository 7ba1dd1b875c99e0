// What the reference does to a text before the tokenizer (punc_norm of the families).
#pragma once

#include <string>
#include <string_view>

namespace chatterbox::text {

// English. `text` is UTF-8; kInvalidArgument where it is not.
[[nodiscard]] std::string punc_norm_english(std::string_view text);

}  // namespace chatterbox::text
