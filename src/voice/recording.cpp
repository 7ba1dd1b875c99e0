#include "voice/recording.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "audio/resample.h"
#include "support/error.h"

namespace chatterbox::voice {
namespace {

// Of the loudest sample. librosa's trim takes what is quieter for nothing; what is louder by far
// than full scale are integers that nobody scaled.
constexpr float kLeastPeak = 1e-5F;
constexpr float kMaxPeak = 100.0F;
// Three frames of Kaldi's bank at 16 kHz, so that the x-vector's deviation has two values; longer
// than the 720 samples that the mel mirrors.
constexpr size_t kLeastSamples24 = 1080;
constexpr size_t kLeastSamples16 = 640;  // one token

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

void check_not_silent(const std::vector<float>& mono) {
  const float peak = peak_of(mono);
  if (peak < kLeastPeak) {
    fail(Status::kBadAudio,
         "a recording must not be silent: the loudest sample of its mono mix is {}, at least {} is "
         "needed",
         peak, kLeastPeak);
  }
}

Audio resampled(std::vector<float> mono, int32_t from, int32_t to) {
  if (from != to) mono = audio::resample_soxr_hq(mono, from, to);
  return {std::move(mono), to, 1};
}

void check_samples(const Audio& heard, size_t least, const char* what, const char* seconds) {
  if (heard.samples.size() < least) {
    fail(Status::kBadAudio, "a recording{} must have at least {} samples at {} kHz ({} s), got {}",
         what, least, heard.sample_rate / 1000, seconds, heard.samples.size());
  }
}

}  // namespace

Audio heard_for_voice(const Audio& recording) {
  std::vector<float> mono = mono_mix(recording);
  check_not_silent(mono);
  Audio heard = resampled(std::move(mono), recording.sample_rate, kRate24);
  check_samples(heard, kLeastSamples24, "", "0.045");
  return heard;
}

Audio heard_for_conversion(const Audio& recording) {
  Audio heard = resampled(mono_mix(recording), recording.sample_rate, kRate16);
  check_samples(heard, kLeastSamples16, " to convert", "0.04");
  return heard;
}

void check_duration(const Audio& heard, const VoiceRecipe& recipe) {
  const double seconds = static_cast<double>(heard.samples.size()) / kRate24;
  if (seconds < recipe.least_seconds) {
    fail(Status::kBadAudio, "a recording for this model must be at least {} s long, got {:.3f} s",
         recipe.least_seconds, seconds);
  }
}

std::vector<float> mono_mix(const Audio& recording) {
  std::vector<float> mono = mean_of_channels(recording);
  const float peak = peak_of(mono);
  if (peak > kMaxPeak) {
    fail(Status::kBadAudio,
         "the samples of a recording belong in [-1, 1], the loudest is {}, the limit is {}", peak,
         kMaxPeak);
  }
  return mono;
}

std::vector<float> first_seconds(const std::vector<float>& wave, double seconds, int32_t rate) {
  const size_t size = std::min(wave.size(), static_cast<size_t>(seconds * rate));
  return {wave.begin(), wave.begin() + static_cast<std::ptrdiff_t>(size)};
}

}  // namespace chatterbox::voice
