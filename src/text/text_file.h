// Files of a tokenizer.
#pragma once

#include <cstddef>

namespace chatterbox::text {

inline constexpr size_t kMaxFileBytes = size_t{64} << 20U;

}  // namespace chatterbox::text
