// GPT-2's words of bytes: a pattern splits the text, and each byte of a piece is written as a
// letter of its own, so that every text can be made of 256 letters.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "text/bpe_model.h"
#include "text/json_reader.h"

namespace chatterbox::text {

// The matches of GPT-2's pattern, which cover all of `text` (UTF-8):
// 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
void split_gpt2(std::string_view text, const std::function<void(std::string_view)>& on_piece);

// Each byte as its letter, UTF-8.
[[nodiscard]] std::string byte_letters(std::string_view bytes);

// kBadModelFile where a letter is no token of the vocabulary, which `what` names.
void require_byte_letters(const JsonReader& reader, const char* what, const BpeModel& model);

}  // namespace chatterbox::text
