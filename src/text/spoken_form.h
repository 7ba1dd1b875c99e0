// How a text is spoken: numbers, times, telephone numbers, amounts and abbreviations as words, by
// the rules that Chatterbox-Flash was trained with (text_norm of chatterbox-flash 0.1.0), with what
// is odd about them: "1st," becomes "onest,". Where the package raises, the word stays as it is.
#pragma once

#include <string>
#include <string_view>

namespace chatterbox::text {

// `text` is UTF-8; kInvalidArgument where it is not, or has more than 16 MiB.
[[nodiscard]] std::string spoken_form(std::string_view text);

}  // namespace chatterbox::text
