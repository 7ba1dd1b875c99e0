// A piece of speech in every format, and how near two recordings are.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "audio/codec.h"

namespace chatterbox::audio {

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

// Signal to noise in dB of `samples` from `begin` on, as far as both go.
inline double snr(const std::vector<float>& expected, const std::vector<float>& samples,
                  size_t begin = 0) {
  double signal = 0;
  double noise = 0;
  for (size_t i = 0; i < expected.size() && begin + i < samples.size(); ++i) {
    const double difference = static_cast<double>(expected[i]) - samples[begin + i];
    signal += static_cast<double>(expected[i]) * expected[i];
    noise += difference * difference;
  }
  return 10 * std::log10(signal / noise);
}

}  // namespace chatterbox::audio
