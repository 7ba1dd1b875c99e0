#include "voice/recording.h"

#include <algorithm>
#include <cmath>

#include "support/error.h"

namespace chatterbox::voice {
namespace {

// Of the loudest sample. librosa's trim takes what is quieter for nothing; what is louder by far
// than full scale are integers that nobody scaled.
constexpr float kLeastPeak = 1e-5F;
constexpr float kMostPeak = 100.0F;

float peak_of(const std::vector<float>& wave) {
  float peak = 0;
  for (const float sample : wave) peak = std::max(peak, std::abs(sample));
  return peak;
}

std::vector<float> mean_of_channels(const Audio& recording) {
  if (recording.channels == 1) return recording.samples;
  const auto channels = static_cast<size_t>(recording.channels);
  std::vector<float> mono(recording.samples.size() / channels);
  for (size_t i = 0; i < mono.size(); ++i) {
    float sum = 0;
    for (size_t c = 0; c < channels; ++c) sum += recording.samples[i * channels + c];
    mono[i] = sum / static_cast<float>(channels);
  }
  return mono;
}

}  // namespace

std::vector<float> mono_mix(const Audio& recording) {
  std::vector<float> mono = mean_of_channels(recording);
  const float peak = peak_of(mono);
  if (peak > kMostPeak) {
    fail(Status::kBadAudio,
         "the samples of a recording belong in [-1, 1], the loudest is {}, the limit is {}", peak,
         kMostPeak);
  }
  return mono;
}

void check_not_silent(const std::vector<float>& mono) {
  const float peak = peak_of(mono);
  if (peak < kLeastPeak) {
    fail(Status::kBadAudio,
         "a recording must not be silent: the loudest sample of its mono mix is {}, at least {} is "
         "needed",
         peak, kLeastPeak);
  }
}

std::vector<float> first_seconds(const std::vector<float>& wave, size_t seconds, int32_t rate) {
  const size_t size = std::min(wave.size(), seconds * static_cast<size_t>(rate));
  return {wave.begin(), wave.begin() + static_cast<std::ptrdiff_t>(size)};
}

}  // namespace chatterbox::voice
