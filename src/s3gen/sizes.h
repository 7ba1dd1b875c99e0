// Sizes that all checkpoints of S3Gen share.
#pragma once

#include <cstdint>

namespace chatterbox::s3gen {

inline constexpr int64_t kMelChannels = 80;
inline constexpr int64_t kFramesPerToken = 2;  // flow.py, token_mel_ratio
// transformer/upsample_encoder.py, pre_lookahead_len: tokens after one that it depends on.
inline constexpr int64_t kLookAhead = 3;
inline constexpr int64_t kHeadSize = 64;  // of every attention

}  // namespace chatterbox::s3gen
