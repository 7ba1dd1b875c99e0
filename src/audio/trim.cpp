#include "audio/trim.h"

#include <algorithm>
#include <cmath>

#include "support/interruption.h"

namespace chatterbox::audio {
namespace {

constexpr size_t kFrame = 2048;
constexpr size_t kHop = 512;
constexpr size_t kFramesAtOnce = 1024;  // between two interruption points
constexpr double kLeastPower = 1e-10;   // librosa.amplitude_to_db: amin 1e-5

// Mean power of frames centred at multiples of the hop; silence lies beyond both ends.
std::vector<double> frame_power(const std::vector<float>& samples) {
  std::vector<double> power(1 + samples.size() / kHop);
  for (size_t i = 0; i < power.size(); ++i) {
    if (i % kFramesAtOnce == 0) interruption_point();
    const size_t centre = i * kHop;
    const size_t begin = centre - std::min(centre, kFrame / 2);
    const size_t end = std::min(samples.size(), centre + kFrame / 2);
    double sum = 0;
    for (size_t n = begin; n < end; ++n) sum += static_cast<double>(samples[n]) * samples[n];
    power[i] = std::max(kLeastPower, sum / kFrame);
  }
  return power;
}

}  // namespace

Range trim_silence(const std::vector<float>& samples, double top_db) {
  const std::vector<double> power = frame_power(samples);
  const double threshold =
      *std::max_element(power.begin(), power.end()) * std::pow(10.0, -top_db / 10);
  const auto audible = [threshold](double p) { return p > threshold; };
  const auto first = std::find_if(power.begin(), power.end(), audible);
  const auto last = std::find_if(power.rbegin(), power.rend(), audible);
  const auto begin = static_cast<size_t>(first - power.begin()) * kHop;
  const auto end = static_cast<size_t>(power.rend() - last) * kHop;
  return {std::min(samples.size(), begin), std::min(samples.size(), end)};
}

}  // namespace chatterbox::audio
