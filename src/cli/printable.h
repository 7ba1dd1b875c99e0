// What others wrote, on a terminal.
#pragma once

#include <string>
#include <string_view>

namespace chatterbox::cli {

// Whether there is something that a terminal obeys instead of showing it: C0, DEL, C1, and marks
// that turn the direction of the text around (U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069).
[[nodiscard]] bool has_controls(std::string_view text);
// With U+FFFD in the place of each.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace chatterbox::cli
