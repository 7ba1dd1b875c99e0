#include "audio/loudness.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "support/interruption.h"

namespace chatterbox::audio {
namespace {

constexpr double kPi = 3.14159265358979323846;
// BS.1770-4: blocks of 0.4 s, one every 0.1 s.
constexpr double kBlockSeconds = 0.4;
constexpr double kStep = 0.25;  // of a block
constexpr double kAbsoluteGate = -70.0;
constexpr double kRelativeGate = -10.0;

struct Biquad {
  double b0, b1, b2, a1, a2;
};

// pyloudnorm's "K-weighting": the filters of Bristow-Johnson's Audio EQ Cookbook.
Biquad high_shelf(double rate) {
  constexpr double kHertz = 1500.0;
  const double a = std::pow(10.0, 4.0 / 40.0);  // 4 dB
  const double w = 2.0 * kPi * (kHertz / rate);
  const double c = std::cos(w);
  const double slope = 2 * std::sqrt(a) * std::sin(w) / std::sqrt(2.0);  // Q is 1/sqrt(2)
  const double a0 = (a + 1) - (a - 1) * c + slope;
  return {a * ((a + 1) + (a - 1) * c + slope) / a0, -2 * a * ((a - 1) + (a + 1) * c) / a0,
          a * ((a + 1) + (a - 1) * c - slope) / a0, 2 * ((a - 1) - (a + 1) * c) / a0,
          ((a + 1) - (a - 1) * c - slope) / a0};
}

Biquad high_pass(double rate) {
  constexpr double kHertz = 38.0;
  const double w = 2.0 * kPi * (kHertz / rate);
  const double c = std::cos(w);
  const double alpha = std::sin(w);  // Q is 0.5
  const double a0 = 1 + alpha;
  return {(1 + c) / 2 / a0, -(1 + c) / a0, (1 + c) / 2 / a0, -2 * c / a0, (1 - alpha) / a0};
}

void filter(std::vector<double>& samples, const Biquad& f) {
  double z1 = 0;
  double z2 = 0;
  for (double& sample : samples) {
    const double x = sample;
    sample = f.b0 * x + z1;
    z1 = f.b1 * x - f.a1 * sample + z2;
    z2 = f.b2 * x - f.a2 * sample;
  }
}

double lufs(double power) { return -0.691 + 10.0 * std::log10(power); }

// The mean square of each block. The bounds are cut to whole samples as pyloudnorm cuts them.
std::vector<double> block_powers(const std::vector<double>& samples, double rate) {
  const double seconds = static_cast<double>(samples.size()) / rate;
  const auto count =
      static_cast<size_t>(std::nearbyint((seconds - kBlockSeconds) / (kBlockSeconds * kStep)) + 1);
  const auto bound = [&](double blocks) {
    return std::min(samples.size(), static_cast<size_t>(kBlockSeconds * blocks * rate));
  };
  std::vector<double> powers;
  for (size_t block = 0; block < count; ++block) {
    const double begin = static_cast<double>(block) * kStep;
    double sum = 0;
    for (size_t i = bound(begin); i < bound(begin + 1); ++i) sum += samples[i] * samples[i];
    powers.push_back(sum / (kBlockSeconds * rate));
  }
  return powers;
}

// The mean of the powers that pass; empty where none does.
std::optional<double> mean_of(const std::vector<double>& powers,
                              const std::function<bool(double)>& passes) {
  double sum = 0;
  size_t count = 0;
  for (const double power : powers) {
    if (!passes(lufs(power))) continue;
    sum += power;
    ++count;
  }
  return count > 0 ? std::optional<double>(sum / static_cast<double>(count)) : std::nullopt;
}

}  // namespace

std::optional<double> integrated_loudness(const std::vector<float>& samples, int32_t rate) {
  if (static_cast<double>(samples.size()) < kBlockSeconds * rate) return std::nullopt;
  std::vector<double> weighted(samples.begin(), samples.end());
  interruption_point();
  filter(weighted, high_shelf(rate));
  interruption_point();
  filter(weighted, high_pass(rate));
  interruption_point();
  const std::vector<double> powers = block_powers(weighted, rate);
  const auto audible = mean_of(powers, [](double loudness) { return loudness >= kAbsoluteGate; });
  if (!audible) return std::nullopt;
  const double gate = std::max(kAbsoluteGate, lufs(*audible) + kRelativeGate);
  const auto loud = mean_of(powers, [gate](double loudness) { return loudness > gate; });
  return loud ? std::optional<double>(lufs(*loud)) : std::nullopt;
}

}  // namespace chatterbox::audio
