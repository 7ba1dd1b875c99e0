// Pauses written in a text: [pause:500ms], [pause:1.5s], in any case of the letters.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace chatterbox::text {

inline constexpr double kMaxPauseSeconds = 10;

struct PauseMark {
  size_t begin = 0;  // its bytes in the text
  size_t end = 0;
  double seconds = 0;  // 0 to kMaxPauseSeconds
};

// The first one that starts at byte `from` or after it. "[pause" with no letter behind it starts
// one; kInvalidArgument where it does not go on as one, or where it is too long. The text need not
// be UTF-8.
[[nodiscard]] std::optional<PauseMark> find_pause(std::string_view text, size_t from);

// Throws what finding all of them throws.
void check_pauses(std::string_view text);

}  // namespace chatterbox::text
