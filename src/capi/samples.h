// A caller's samples as the C++ API's.
#pragma once

#include <chatterbox/chatterbox.hpp>
#include <cstdint>

namespace chatterbox::capi {

// The counts are those of validate_recording_format(), which the caller has called.
[[nodiscard]] inline Audio copy_audio(const float* samples, uint64_t frames, int32_t channels,
                                      int32_t sample_rate) {
  Audio audio;
  audio.samples.assign(samples, samples + frames * static_cast<uint64_t>(channels));
  audio.channels = channels;
  audio.sample_rate = sample_rate;
  return audio;
}

}  // namespace chatterbox::capi
