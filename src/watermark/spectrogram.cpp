#include "watermark/spectrogram.h"

#include <ATen/ops/angle.h>
#include <ATen/ops/istft.h>
#include <ATen/ops/polar.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/stft.h>

namespace chatterbox::watermark {
namespace {

// perth_net_implicit/utils.py: normalize, denormalize_spectrogram, magphase_to_cx.
constexpr double kLeastMagnitude = 1e-9;
constexpr double kLeastLevel = -180;  // kLeastMagnitude in dB
constexpr double kHeadroom = 15;      // dB
constexpr double kDecibels = kHeadroom - kLeastLevel;
constexpr double kMaxExponent = 10;

}  // namespace

Spectrogram analyse(const at::Tensor& signal, const at::Tensor& window) {
  const at::Tensor spectrum =
      at::stft(signal, kFftSize, kHop, kFftSize, window, /*center=*/true, "reflect",
               /*normalized=*/false, /*onesided=*/true, /*return_complex=*/true);
  at::Tensor level = spectrum.abs().clamp_min_(kLeastMagnitude).log10_().mul_(20);
  return {level.sub_(kLeastLevel).div_(kDecibels), at::angle(spectrum)};
}

at::Tensor synthesise(const Spectrogram& spectrogram, const at::Tensor& window, int64_t length) {
  const at::Tensor exponent = spectrogram.level.mul(kDecibels).add_(kLeastLevel).div_(20);
  const at::Tensor magnitude = at::pow(10, exponent.clamp_max_(kMaxExponent));
  return at::istft(at::polar(magnitude, spectrogram.phase), kFftSize, kHop, kFftSize, window,
                   /*center=*/true, /*normalized=*/false, /*onesided=*/true, length);
}

}  // namespace chatterbox::watermark
