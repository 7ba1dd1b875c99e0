#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

#include "audio/rates.h"
#include "audio/resample.h"
#include "support/error.h"
#include "support/interruption.h"

namespace chatterbox::audio {
namespace {

// torchaudio/functional/functional.py: defaults of resample().
constexpr double kFilterWidth = 6;
constexpr double kRolloff = 0.99;
constexpr double kPi = 3.14159265358979323846;
// Independent partial sums, so that the compiler may use vector instructions.
constexpr size_t kLanes = 8;
// Rates with few common factors need a filter for nearly every sample of a second.
constexpr size_t kMaxTaps = size_t{1} << 24U;
constexpr size_t kSamplesAtOnce = size_t{1} << 15U;  // between two interruption points

// One windowed sinc for each of the `target` samples that `source` samples become.
struct SincKernel {
  size_t source = 0, target = 0;  // the rates over their common divisor
  size_t width = 0;               // taps before the sample
  size_t length = 0;              // taps of one filter, filled up with zeros to whole lanes
  std::vector<float> taps;        // [target, length]
};

double tap(double t, double scale) {
  t = std::clamp(t, -kFilterWidth, kFilterWidth);
  const double window = std::pow(std::cos(t * kPi / kFilterWidth / 2), 2);
  const double angle = t * kPi;
  return (angle == 0 ? 1 : std::sin(angle) / angle) * (window * scale);
}

// torchaudio's _get_sinc_resample_kernel.
SincKernel make_kernel(int32_t source_rate, int32_t target_rate) {
  const int32_t divisor = std::gcd(source_rate, target_rate);
  SincKernel kernel;
  kernel.source = static_cast<size_t>(source_rate / divisor);
  kernel.target = static_cast<size_t>(target_rate / divisor);
  const auto source = static_cast<double>(kernel.source);
  const double cutoff = static_cast<double>(std::min(kernel.source, kernel.target)) * kRolloff;
  kernel.width = static_cast<size_t>(std::ceil(kFilterWidth * source / cutoff));
  const size_t used = 2 * kernel.width + kernel.source;
  kernel.length = (used + kLanes - 1) / kLanes * kLanes;
  if (kernel.length > kMaxTaps / kernel.target) {
    fail(Status::kBadAudio, "resampling from {} to {} Hz takes {} filter taps, the limit is {}",
         source_rate, target_rate, kernel.length * kernel.target, kMaxTaps);
  }
  kernel.taps.resize(kernel.target * kernel.length);
  for (size_t phase = 0; phase < kernel.target; ++phase) {
    // The one quotient that torchaudio rounds to fp32.
    const double shift = -static_cast<float>(phase) / static_cast<float>(kernel.target);
    for (size_t i = 0; i < used; ++i) {
      const double time = (static_cast<double>(i) - static_cast<double>(kernel.width)) / source;
      kernel.taps[phase * kernel.length + i] =
          static_cast<float>(tap((shift + time) * cutoff, cutoff / source));
    }
  }
  return kernel;
}

float dot(const float* a, const float* b, size_t length) {
  float sums[kLanes] = {};
  for (size_t i = 0; i < length; i += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) sums[lane] += a[i + lane] * b[i + lane];
  }
  return std::accumulate(std::begin(sums), std::end(sums), 0.0F);
}

}  // namespace

std::vector<float> resample_sinc_hann(const std::vector<float>& samples, int32_t source_rate,
                                      int32_t target_rate) {
  check_rates(source_rate, target_rate);
  if (source_rate == target_rate || samples.empty()) return samples;
  const SincKernel kernel = make_kernel(source_rate, target_rate);
  std::vector<float> padded(samples.size() + kernel.length + kernel.source);
  std::copy(samples.begin(), samples.end(),
            padded.begin() + static_cast<std::ptrdiff_t>(kernel.width));
  // torchaudio rounds the length to fp32 before it rounds up.
  const double exact =
      static_cast<double>(kernel.target * samples.size()) / static_cast<double>(kernel.source);
  const size_t whole = (samples.size() / kernel.source + 1) * kernel.target;
  std::vector<float> resampled(
      std::min(whole, static_cast<size_t>(std::ceil(static_cast<float>(exact)))));
  for (size_t i = 0; i < resampled.size(); ++i) {
    if (i % kSamplesAtOnce == 0) interruption_point();
    const float* window = padded.data() + i / kernel.target * kernel.source;
    const float* filter = kernel.taps.data() + i % kernel.target * kernel.length;
    resampled[i] = dot(window, filter, kernel.length);
  }
  return resampled;
}

}  // namespace chatterbox::audio
