// Sizes that all checkpoints of S3Gen share.
#pragma once

#include <cstdint>

namespace chatterbox::s3gen {

inline constexpr int64_t kMelChannels = 80;
inline constexpr int64_t kFramesPerToken = 2;  // flow.py, token_mel_ratio
inline constexpr int64_t kHeadSize = 64;       // of every attention

}  // namespace chatterbox::s3gen
