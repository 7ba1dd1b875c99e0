// Ids with a meaning of their own (models/t3/modules/t3_config.py of the reference).
#pragma once

#include <cstdint>

namespace chatterbox::t3 {

inline constexpr int64_t kStartText = 255;
inline constexpr int64_t kStopText = 0;
inline constexpr int64_t kStartSpeech = 6561;
inline constexpr int64_t kStopSpeech = 6562;

// What stands before and after the text's ids. A tokenizer may have others than the official ones.
struct TextFraming {
  int64_t start = kStartText;
  int64_t stop = kStopText;
};

}  // namespace chatterbox::t3
