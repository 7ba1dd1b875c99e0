// How far samples are from those that were expected.
#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

namespace chatterbox::testing {

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

}  // namespace chatterbox::testing
