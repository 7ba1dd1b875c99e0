// What the reference does to a text before the tokenizer (punc_norm of the families).
#pragma once

#include <string>
#include <string_view>

namespace chatterbox::text {

// `text` is UTF-8; kInvalidArgument where it is not.
[[nodiscard]] std::string punc_norm_english(std::string_view text);
[[nodiscard]] std::string punc_norm_turbo(std::string_view text);  // and Nano
[[nodiscard]] std::string punc_norm_multilingual(std::string_view text);

}  // namespace chatterbox::text
