// A piece of speech in every format.
#pragma once

#include <string>
#include <vector>

#include "audio/codec.h"
#include "support/snr.h"

namespace chatterbox::audio {

using testing::snr;

inline constexpr AudioFormat kFormats[] = {AudioFormat::kWav, AudioFormat::kFlac,
                                           AudioFormat::kVorbis, AudioFormat::kOpus,
                                           AudioFormat::kMp3};
inline constexpr AudioFormat kLossyFormats[] = {AudioFormat::kVorbis, AudioFormat::kOpus,
                                                AudioFormat::kMp3};

// 16-bit samples, 24 kHz, mono.
inline Audio speech(size_t frames = 24000) {
  static const Audio whole = read_audio(std::string(CHATTERBOX_TEST_DATA) + "/data/espeak_m3.wav");
  Audio audio = whole;
  audio.samples.assign(whole.samples.begin() + 24000,
                       whole.samples.begin() + 24000 + static_cast<std::ptrdiff_t>(frames));
  return audio;
}

inline Audio decoded(const std::string& bytes, size_t max_samples = kMaxSamples) {
  // In a block of its own size, so that a sanitizer sees every byte read past the end.
  const std::vector<char> copy(bytes.begin(), bytes.end());
  return decode_audio(copy.data(), copy.size(), "a.bin", max_samples);
}

}  // namespace chatterbox::audio
