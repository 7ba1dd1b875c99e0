// RIFF/WAVE files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "audio/audio.h"
#include "audio/limits.h"

namespace chatterbox::audio {

inline constexpr uint16_t kWavPcm = 1;
inline constexpr uint16_t kWavFloat = 3;
inline constexpr uint16_t kWavExtensible = 0xFFFE;
// In place of a size: as many bytes as there are.
inline constexpr uint32_t kUnknownWavSize = 0xFFFFFFFF;

// The bytes of a file with PCM (8, 16, 24, 32 bit) or float (32, 64 bit); `name` is for messages.
// kBadAudio where they are none, or beyond what audio/codec.h says.
[[nodiscard]] Audio parse_wav(const void* data, size_t size, const std::string& name,
                              size_t max_samples = kMaxSamples);

// A file of 16-bit PCM. kInvalidArgument: NaN, a rate or a number of channels that parse_wav()
// refuses, or more than the format's 4 GiB.
[[nodiscard]] std::string encode_wav(const Audio& audio);

// The parts of such a file, for one that is written while its end is unknown: what comes before the
// samples, and 16-bit samples.
[[nodiscard]] std::string encode_wav_header(int32_t channels, int32_t sample_rate,
                                            uint32_t data_bytes);
// `first` is the index of samples[0] in messages. kInvalidArgument: NaN.
[[nodiscard]] std::string encode_wav_samples(const float* samples, size_t count, size_t first = 0);

// A sample as 16 bits, as soundfile makes it (libsndfile with clipping). `index` is for messages.
// kInvalidArgument: NaN.
[[nodiscard]] int16_t to_int16(float sample, size_t index);

}  // namespace chatterbox::audio
