#include "watermark/spectrogram.h"

#include <ATen/ops/angle.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/istft.h>
#include <ATen/ops/polar.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/reflection_pad1d.h>
#include <ATen/ops/stft.h>

#include <algorithm>

#include "support/interruption.h"

namespace chatterbox::watermark {
namespace {

// perth_net_implicit/utils.py: normalize, denormalize_spectrogram, magphase_to_cx.
constexpr double kLeastMagnitude = 1e-9;
constexpr double kLeastLevel = -180;  // kLeastMagnitude in dB
constexpr double kHeadroom = 15;      // dB
constexpr double kDecibels = kHeadroom - kLeastLevel;
constexpr double kMaxExponent = 10;

// Frames centred at multiples of the hop, both ends mirrored: at::stft() of the whole, in parts
// between which the computation may be ended. [kBins, T]
at::Tensor transform(const at::Tensor& signal, const at::Tensor& window) {
  constexpr int64_t kFramesAtOnce = 1024;
  const at::Tensor padded =
      at::reflection_pad1d(signal.unsqueeze(0), {kFftSize / 2, kFftSize / 2}).squeeze(0);
  const int64_t frames = signal.size(0) / kHop + 1;
  // A frame's bins together, as at::stft() leaves them.
  at::Tensor spectrum =
      at::empty({frames, kBins}, signal.options().dtype(at::kComplexFloat)).transpose(0, 1);
  for (int64_t first = 0; first < frames; first += kFramesAtOnce) {
    interruption_point();
    const int64_t count = std::min(kFramesAtOnce, frames - first);
    const at::Tensor part = padded.narrow(0, first * kHop, (count - 1) * kHop + kFftSize);
    spectrum.narrow(1, first, count)
        .copy_(at::stft(part, kFftSize, kHop, kFftSize, window, /*center=*/false, "reflect",
                        /*normalized=*/false, /*onesided=*/true, /*return_complex=*/true));
  }
  return spectrum;
}

}  // namespace

Spectrogram analyse(const at::Tensor& signal, const at::Tensor& window) {
  const at::Tensor spectrum = transform(signal, window);
  at::Tensor level = spectrum.abs().clamp_min_(kLeastMagnitude);
  interruption_point();
  level.log10_().mul_(20).sub_(kLeastLevel).div_(kDecibels);
  interruption_point();
  return {level, at::angle(spectrum)};
}

at::Tensor synthesise(const Spectrogram& spectrogram, const at::Tensor& window, int64_t length) {
  const at::Tensor exponent = spectrogram.level.mul(kDecibels).add_(kLeastLevel).div_(20);
  interruption_point();
  const at::Tensor magnitude = at::pow(10, exponent.clamp_max_(kMaxExponent));
  interruption_point();
  const at::Tensor spectrum = at::polar(magnitude, spectrogram.phase);
  interruption_point();
  return at::istft(spectrum, kFftSize, kHop, kFftSize, window,
                   /*center=*/true, /*normalized=*/false, /*onesided=*/true, length);
}

}  // namespace chatterbox::watermark
