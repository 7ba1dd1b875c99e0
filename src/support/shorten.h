// What others wrote, in a message: its size is theirs.
#pragma once

#include <string>

namespace chatterbox {

// A value of more than `most` bytes is only measured.
[[nodiscard]] inline std::string shorten(const std::string& value, size_t most = 40) {
  return value.size() <= most ? value : "a string of " + std::to_string(value.size()) + " bytes";
}

}  // namespace chatterbox
