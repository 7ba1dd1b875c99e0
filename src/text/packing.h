// Parts of a text put together to pieces. Pure: the text itself is the caller's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace chatterbox::text {

using Cuts = std::vector<size_t>;  // ends of the parts of a text, rising; the last is the text's

// Whether what lies between two places of the text is within a limit. What is longer must not fit
// where what is shorter does not.
using Fits = std::function<bool(size_t begin, size_t end, int64_t limit)>;

// Ends of pieces, from the first on of as many parts as fit; a part that does not fit by itself is
// one. None where there are no parts.
[[nodiscard]] Cuts pack(const Cuts& parts, int64_t limit, const Fits& fits);

// No more pieces than the limit asks for, and the longest as short as that allows: else the last
// one is often a single word.
[[nodiscard]] Cuts pack_evenly(const Cuts& parts, int64_t limit, const Fits& fits);

}  // namespace chatterbox::text
