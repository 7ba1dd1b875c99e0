// The words of a text, and which of its tokens each of them is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

namespace chatterbox::text {

struct TextWord {
  size_t begin = 0, end = 0;  // in bytes; with the punctuation on its sides
  // Of the text's ids, without those of the space before it and of the punctuation behind it. None
  // where the tokenizer has none for it.
  int64_t first_token = 0, end_token = 0;
};

using Encode = std::function<std::vector<int64_t>(std::string_view)>;

// The parts of `text` (UTF-8) between white space that have more than punctuation, in order.
// `ids` are those of the whole text, `space` the one that parts words, if there is one; `encode`
// gives those of a part of it. A word's tokens are those that the text up to its end has in common
// with the whole: so they are found for any normalisation and any tokenizer that keep the order.
[[nodiscard]] std::vector<TextWord> words_of(std::string_view text, const std::vector<int64_t>& ids,
                                             std::optional<int64_t> space, const Encode& encode);

}  // namespace chatterbox::text
