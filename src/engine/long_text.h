// A text of any length, spoken in pieces of which many are under way at a time.
#pragma once

#include <chatterbox/chatterbox.hpp>
#include <cstdint>
#include <functional>
#include <string_view>

namespace chatterbox::engine {

// What of the engine it takes.
struct LongTextMeans {
  std::function<int64_t(std::string_view)> count_tokens;  // of a text, with start and stop
  std::function<Job(Request)> submit;                     // waits for room in the queue
  int64_t max_tokens = 0;                                 // of a piece, with start and stop
  size_t pieces_at_a_time = 1;
};

// `request` was validated but for its text. Throws what ends a piece, the others then being
// cancelled and over.
[[nodiscard]] Result speak_long_text(const Request& request, const LongTextOptions& options,
                                     const LongTextMeans& means);

}  // namespace chatterbox::engine
