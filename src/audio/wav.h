// RIFF/WAVE files. read_wav() and write_wav() are in chatterbox.hpp.
#pragma once

#include <chatterbox/chatterbox.hpp>
#include <cstddef>
#include <cstdint>
#include <string>

namespace chatterbox::audio {

// The bytes of a file; `name` is for messages. kBadAudio where they are no WAV file that read_wav()
// reads: 1 to 8 channels, 8 to 192 kHz, at least one frame.
[[nodiscard]] Audio parse_wav(const void* data, size_t size, const std::string& name);

// The bytes that write_wav() writes. kInvalidArgument: NaN, a rate or a number of channels that
// parse_wav() refuses, or more than the format's 4 GiB.
[[nodiscard]] std::string encode_wav(const Audio& audio);

// The parts of such a file, for one that is written while its end is unknown: what comes before the
// samples, and 16-bit samples. A size of kUnknownWavSize stands for as many as there are.
inline constexpr uint32_t kUnknownWavSize = 0xFFFFFFFF;
[[nodiscard]] std::string encode_wav_header(int32_t channels, int32_t sample_rate,
                                            uint32_t data_bytes);
// `first` is the index of samples[0] in messages. kInvalidArgument: NaN.
[[nodiscard]] std::string encode_wav_samples(const float* samples, size_t count, size_t first = 0);

}  // namespace chatterbox::audio
