#include "s3gen/spectrum.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/hann_window.h>
#include <ATen/ops/istft.h>
#include <ATen/ops/polar.h>
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

at::Tensor istft(const at::Tensor& magnitude, const at::Tensor& phase, const at::Tensor& window) {
  return at::istft(at::polar(magnitude, phase), kFftSize, kHop, kFftSize, window);
}

}  // namespace chatterbox::s3gen
