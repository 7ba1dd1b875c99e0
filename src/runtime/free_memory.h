// How much memory is free. Torch-free.
#pragma once

#include <cstdint>
#include <string>

namespace chatterbox::runtime {

// Bytes that this process may still take without swapping: what Linux calls available, or what the
// control group leaves where that is less. `root`: where /proc and /sys are. Throws kDevice where
// that cannot be told.
[[nodiscard]] int64_t free_memory(const std::string& root = "");

}  // namespace chatterbox::runtime
