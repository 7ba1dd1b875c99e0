// How large the chunks of a stream are where its request does not say. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "runtime/executor.h"

namespace chatterbox::engine {

// Tokens of the first chunk, the second, ..., the last one again and again, for a plan whose halo
// and right context are set. `block`: the tokens that come at a time, where it is not one by one;
// then a chunk is due as soon as some block is there, and waits for no part of the next.
[[nodiscard]] std::vector<int64_t> default_chunks(const runtime::StreamPlan& plan,
                                                  std::optional<int64_t> block);

}  // namespace chatterbox::engine
