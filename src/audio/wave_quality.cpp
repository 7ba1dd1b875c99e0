#include "audio/wave_quality.h"

#include <cmath>

namespace chatterbox::audio {

WaveQuality wave_quality(const std::vector<float>& samples, float limit) {
  WaveQuality quality;
  for (const float sample : samples) {
    const float magnitude = std::fabs(sample);
    if (magnitude > quality.peak || std::isnan(magnitude)) quality.peak = magnitude;
    if (magnitude >= limit) ++quality.clipped;
  }
  return quality;
}

}  // namespace chatterbox::audio
