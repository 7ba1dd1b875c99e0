// The heads that align speech and text, as a model's file may name its own. Torch-free.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace chatterbox::t3 {

struct AlignmentHead {
  int64_t layer = 0;
  int64_t head = 0;
};
using AlignmentHeads = std::array<AlignmentHead, 3>;

// The key of a T3 file's metadata, for a model whose heads are not those of the official size.
inline constexpr std::string_view kAlignmentHeadsKey = "chatterbox.alignment_heads";

// "2.0,3.0,4.1": layer and head of each. Empty where the text is anything else.
[[nodiscard]] std::optional<AlignmentHeads> parse_alignment_heads(std::string_view text);

}  // namespace chatterbox::t3
