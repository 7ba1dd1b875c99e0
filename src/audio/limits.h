// What is read and written as audio, in every format.
#pragma once

#include <cstddef>
#include <cstdint>

namespace chatterbox::audio {

inline constexpr int32_t kMaxChannels = 8;
inline constexpr int32_t kMinSampleRate = 8000;
inline constexpr int32_t kMaxSampleRate = 192000;
inline constexpr size_t kMaxFileBytes = UINT32_MAX;  // sizes in a WAV file have 32 bits
// Of 16 bits, which is what is written at most at a time.
constexpr uint64_t max_frames(int32_t channels) {
  return kMaxFileBytes / sizeof(int16_t) / static_cast<uint64_t>(channels);
}
// Of all channels: ten minutes, which is the longest recording, with the most of all else.
inline constexpr size_t kMaxSamples = size_t{600} * kMaxSampleRate * kMaxChannels;

}  // namespace chatterbox::audio
