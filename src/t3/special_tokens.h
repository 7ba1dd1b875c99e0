// Ids with a meaning of their own (models/t3/modules/t3_config.py of the reference).
#pragma once

#include <cstdint>

namespace chatterbox::t3 {

inline constexpr int64_t kStartText = 255;
inline constexpr int64_t kStopText = 0;
inline constexpr int64_t kStartSpeech = 6561;
inline constexpr int64_t kStopSpeech = 6562;

}  // namespace chatterbox::t3
