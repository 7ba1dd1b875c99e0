// What is heard as wrong in a wave and can be told from its samples.
#pragma once

#include <cstdint>
#include <vector>

namespace chatterbox::audio {

// The magnitude that the vocoder clamps its waves to; hifigan.py, audio_limit.
inline constexpr float kWaveLimit = 0.99F;

struct WaveQuality {
  float peak = 0;       // largest magnitude, 1 is full scale; NaN where a sample is
  int64_t clipped = 0;  // samples whose magnitude is at least the limit
};

// `limit`: the magnitude that the samples were clamped to, more than 0.
[[nodiscard]] WaveQuality wave_quality(const std::vector<float>& samples, float limit);

}  // namespace chatterbox::audio
