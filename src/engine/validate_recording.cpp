#include <cmath>

#include "audio/limits.h"
#include "engine/validate.h"
#include "support/error.h"

namespace chatterbox::engine {
namespace {

constexpr double kMaxSeconds = 600;

}  // namespace

void validate_recording_format(uint64_t frames, int64_t channels, int64_t sample_rate,
                               double min_seconds) {
  if (channels < 1 || channels > audio::kMaxChannels) {
    fail(Status::kBadAudio, "a recording must have 1 to {} channels, got {}", audio::kMaxChannels,
         channels);
  }
  if (sample_rate < audio::kMinSampleRate || sample_rate > audio::kMaxSampleRate) {
    fail(Status::kBadAudio, "the sample rate of a recording must be in [{}, {}] Hz, got {}",
         audio::kMinSampleRate, audio::kMaxSampleRate, sample_rate);
  }
  const double seconds = static_cast<double>(frames) / static_cast<double>(sample_rate);
  if (seconds < min_seconds || seconds > kMaxSeconds) {
    fail(Status::kBadAudio, "a recording must be {} to {} s long, got {:.6g} s ({} frames)",
         min_seconds, kMaxSeconds, seconds, frames);
  }
}

void validate_recording(const Audio& recording, double min_seconds) {
  const uint64_t samples = recording.samples.size();
  const int64_t channels = recording.channels;
  validate_recording_format(channels > 0 ? samples / static_cast<uint64_t>(channels) : 0, channels,
                            recording.sample_rate, min_seconds);
  if (samples % static_cast<uint64_t>(channels) != 0) {
    fail(Status::kBadAudio, "a recording of {} channels cannot have {} samples", channels, samples);
  }
  for (size_t i = 0; i < recording.samples.size(); ++i) {
    if (!std::isfinite(recording.samples[i])) {
      fail(Status::kBadAudio, "the samples of a recording must be finite, sample {} is {}", i,
           recording.samples[i]);
    }
  }
}

}  // namespace chatterbox::engine
