#include "audio/mel_filters.h"

#include <ATen/ops/add.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/minimum.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/sub.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace chatterbox::audio {
namespace {

// Slaney's Auditory Toolbox: linear to 1 kHz, then 27 steps for every factor of 6.4.
constexpr double kHzPerMel = 200.0 / 3.0;
constexpr double kLogStartHz = 1000.0;
constexpr double kLogStartMel = kLogStartHz / kHzPerMel;
const double kLogStep = std::log(6.4) / 27.0;

double slaney_mel(double hz) {
  return hz < kLogStartHz ? hz / kHzPerMel : kLogStartMel + std::log(hz / kLogStartHz) / kLogStep;
}

double slaney_hz(double mel) {
  return mel < kLogStartMel ? mel * kHzPerMel
                            : kLogStartHz * std::exp(kLogStep * (mel - kLogStartMel));
}

double kaldi_mel(double hz) { return 1127.0 * std::log(1.0 + hz / 700.0); }

// Height at x of a triangle over [left, right] with its tip of 1 at centre.
double triangle(double x, double left, double centre, double right) {
  return std::max(0.0, std::min((x - left) / (centre - left), (right - x) / (right - centre)));
}

// n + 2 points, equally far apart.
std::vector<double> edges(double low, double high, int64_t n) {
  std::vector<double> points(static_cast<size_t>(n) + 2);
  for (size_t i = 0; i < points.size(); ++i) {
    points[i] = low + (high - low) * static_cast<double>(i) / static_cast<double>(n + 1);
  }
  return points;
}

}  // namespace

at::Tensor slaney_mel_filters(int64_t sample_rate, int64_t n_fft, int64_t n_mels, double low_hz,
                              double high_hz) {
  std::vector<double> hz = edges(slaney_mel(low_hz), slaney_mel(high_hz), n_mels);
  std::transform(hz.begin(), hz.end(), hz.begin(), slaney_hz);
  at::Tensor filters = at::zeros({n_mels, n_fft / 2 + 1}, at::kFloat);
  auto weights = filters.accessor<float, 2>();
  for (int64_t m = 0; m < n_mels; ++m) {
    const double* edge = &hz[static_cast<size_t>(m)];
    // librosa rounds the triangle to float32 before it applies the area in float64.
    const double area = 2.0 / (edge[2] - edge[0]);
    for (int64_t bin = 0; bin < filters.size(1); ++bin) {
      const double f = static_cast<double>(bin * sample_rate) / static_cast<double>(n_fft);
      const auto height = static_cast<float>(triangle(f, edge[0], edge[1], edge[2]));
      weights[m][bin] = static_cast<float>(height * area);
    }
  }
  return filters;
}

at::Tensor kaldi_mel_filters(int64_t sample_rate, int64_t n_fft, int64_t n_mels) {
  constexpr double kLowHz = 20.0;
  const double low = kaldi_mel(kLowHz);
  const double step =
      (kaldi_mel(static_cast<double>(sample_rate) / 2) - low) / static_cast<double>(n_mels + 1);
  const double hz_per_bin = static_cast<double>(sample_rate) / static_cast<double>(n_fft);
  // In float32, as torchaudio does: a mel of 2800 then has an error that shows in narrow triangles.
  const at::Tensor bins = at::arange(n_fft / 2, at::kFloat).mul_(hz_per_bin);
  // But for the logarithm, whose last bit in float32 depends on the CPU.
  const at::Tensor log = bins.div_(700.0).add_(1.0).to(at::kDouble).log_().to(at::kFloat);
  const at::Tensor mel = log.mul(1127.0);                                 // [n_fft/2]
  const at::Tensor index = at::arange(n_mels, at::kFloat).unsqueeze_(1);  // [n_mels, 1]
  const at::Tensor left = at::mul(index, step).add_(low);
  const at::Tensor centre = at::add(index, 1.0).mul_(step).add_(low);
  const at::Tensor right = at::add(index, 2.0).mul_(step).add_(low);
  const at::Tensor up = at::sub(mel, left).div_(at::sub(centre, left));
  const at::Tensor down = at::sub(right, mel).div_(at::sub(right, centre));
  return at::constant_pad_nd(at::minimum(up, down).clamp_min_(0.0), {0, 1});
}

}  // namespace chatterbox::audio
