#include "watermark/polyphase.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "audio/rates.h"

namespace chatterbox::watermark {
namespace {

// scipy 1.11, signal/_signaltools.py, resample_poly.
constexpr int64_t kZeroCrossings = 10;
constexpr double kKaiserBeta = 5;
constexpr double kPi = 3.14159265358979323846;

// The modified Bessel function of order 0, by its power series.
double bessel_i0(double x) {
  double sum = 1;
  double term = 1;
  for (int k = 1; term > 1e-17 * sum; ++k) {
    term *= (x / (2 * k)) * (x / (2 * k));
    sum += term;
  }
  return sum;
}

// 2 * half + 1 taps that pass up to 1 / slowest of the upsampled signal's band, with the gain `up`.
std::vector<double> design_filter(int64_t half, int64_t slowest, int64_t up) {
  std::vector<double> taps(static_cast<size_t>(2 * half + 1));
  for (int64_t i = -half; i <= half; ++i) {
    const double x = kPi * static_cast<double>(i) / static_cast<double>(slowest);
    const double place = static_cast<double>(i) / static_cast<double>(half);
    const double window = bessel_i0(kKaiserBeta * std::sqrt(1 - place * place));
    taps[static_cast<size_t>(i + half)] = (i == 0 ? 1 : std::sin(x) / x) * window;
  }
  const double sum = std::accumulate(taps.begin(), taps.end(), 0.0);
  for (double& tap : taps) tap *= static_cast<double>(up) / sum;
  return taps;
}

}  // namespace

std::vector<float> resample_polyphase(const std::vector<float>& samples, int32_t source_rate,
                                      int32_t target_rate) {
  audio::check_rates(source_rate, target_rate);
  if (source_rate == target_rate || samples.empty()) return samples;
  const int64_t divisor = std::gcd(source_rate, target_rate);
  const int64_t up = target_rate / divisor;
  const int64_t down = source_rate / divisor;
  const int64_t half = kZeroCrossings * std::max(up, down);
  const std::vector<double> taps = design_filter(half, std::max(up, down), up);

  const auto size = static_cast<int64_t>(samples.size());
  std::vector<float> resampled(static_cast<size_t>((size * up + down - 1) / down));
  for (size_t n = 0; n < resampled.size(); ++n) {
    // Sample i of the input is at i * up of the upsampled signal, whose other samples are zero.
    const int64_t centre = static_cast<int64_t>(n) * down;
    const int64_t first = std::max<int64_t>(0, (centre - half + up - 1) / up);
    const int64_t last = std::min(size - 1, (centre + half) / up);
    double sum = 0;
    for (int64_t i = first; i <= last; ++i) {
      sum += static_cast<double>(samples[static_cast<size_t>(i)]) *
             taps[static_cast<size_t>(centre - i * up + half)];
    }
    resampled[n] = static_cast<float>(sum);
  }
  return resampled;
}

}  // namespace chatterbox::watermark
