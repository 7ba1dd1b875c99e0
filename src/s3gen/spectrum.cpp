#include "s3gen/spectrum.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/hann_window.h>
#include <ATen/ops/istft.h>
#include <ATen/ops/outer.h>
#include <ATen/ops/polar.h>
#include <ATen/ops/reflection_pad1d.h>
#include <ATen/ops/stft.h>
#include <ATen/ops/view_as_real.h>

namespace chatterbox::s3gen {

at::Tensor make_stft_window(c10::Device device) {
  // Computed in double, as scipy's get_window does.
  return at::hann_window(kFftSize, /*periodic=*/true, at::kDouble).to(device, at::kFloat);
}

at::Tensor stft(const at::Tensor& wave, const at::Tensor& window) {
  const at::Tensor spectrum =
      at::view_as_real(at::stft(wave, kFftSize, kHop, kFftSize, window, /*center=*/true, "reflect",
                                /*normalized=*/false, /*onesided=*/true, /*return_complex=*/true));
  return at::cat({spectrum.select(2, 0), spectrum.select(2, 1)}, 0);
}

FrameConv make_stft_conv() {
  constexpr double kPi = 3.14159265358979323846;
  const at::Tensor bins = at::arange(kBins, at::kDouble),
                   samples = at::arange(kFftSize, at::kDouble);
  const at::Tensor angles =
      at::outer(bins, samples).remainder(kFftSize).mul(2 * kPi / static_cast<double>(kFftSize));
  const at::Tensor window = at::hann_window(kFftSize, /*periodic=*/true, at::kDouble);
  FrameConv transform;
  transform.weight = to_frames(
      at::cat({angles.cos(), angles.sin().neg()}).mul(window).to(at::kFloat).unsqueeze(1));
  transform.stride = kHop;
  pack_for_kernels(transform);
  return transform;
}

at::Tensor stft(const at::Tensor& wave, const FrameConv& transform) {
  const at::Tensor padded =
      at::reflection_pad1d(wave.view({1, 1, -1}), {kFftSize / 2, kFftSize / 2});
  return conv(transform, to_frames(padded)).squeeze(2).squeeze(0);
}

at::Tensor istft(const at::Tensor& magnitude, const at::Tensor& phase, const at::Tensor& window) {
  // Of others, libtorch's transform rounds otherwise with another number of threads.
  const at::Tensor spectrum = at::polar(magnitude.contiguous(), phase.contiguous());
  return at::istft(spectrum, kFftSize, kHop, kFftSize, window);
}

}  // namespace chatterbox::s3gen
