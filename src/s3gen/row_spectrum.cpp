#include "s3gen/row_spectrum.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/fft_irfft.h>
#include <ATen/ops/full.h>
#include <ATen/ops/gather.h>
#include <ATen/ops/polar.h>
#include <ATen/ops/stft.h>
#include <ATen/ops/view_as_real.h>
#include <ATen/ops/zeros.h>

#include "s3gen/spectrum.h"

namespace chatterbox::s3gen {
namespace {

// Each row with half a window more on both sides, in which it is reflected at its own ends.
at::Tensor reflect_ends(const at::Tensor& waves, const FrameMask& mask) {
  constexpr int64_t kSide = kFftSize / 2;
  const int64_t size = waves.size(1);
  const auto places = waves.options().dtype(at::kLong);
  const at::Tensor last = mask.ends.defined() ? mask.ends.sub(1).mul_(kHop).sub_(1).unsqueeze(1)
                                              : at::full({1, 1}, size - 1, places);
  const at::Tensor from_first = at::arange(-kSide, size + kSide, places).abs_();
  // Beyond what a row reflects, anything.
  const at::Tensor from = last.sub(last.sub(from_first).abs_()).clamp_min_(0);
  return at::gather(waves, 1, from.expand({waves.size(0), -1}));
}

// Frames [B, 16, F], each hop samples after the one before, added up: [B, 4 (F + 3)].
at::Tensor overlap_add(const at::Tensor& frames) {
  constexpr int64_t kParts = kFftSize / kHop;
  const int64_t count = frames.size(2);
  const at::Tensor sum = at::zeros({frames.size(0), kHop, count + kParts - 1}, frames.options());
  for (int64_t part = 0; part < kParts; ++part) {
    sum.narrow(2, part, count).add_(frames.narrow(1, part * kHop, kHop));
  }
  return sum.transpose(1, 2).flatten(1);
}

}  // namespace

at::Tensor stft_rows(const at::Tensor& waves, const at::Tensor& window, const FrameMask& mask) {
  const at::Tensor spectrum = at::view_as_real(
      at::stft(reflect_ends(waves, mask), kFftSize, kHop, kFftSize, window, /*center=*/false,
               "reflect", /*normalized=*/false, /*onesided=*/true, /*return_complex=*/true));
  const at::Tensor parts = at::cat({spectrum.select(3, 0), spectrum.select(3, 1)}, 1);
  return zero_padding(parts.unsqueeze(2).contiguous(at::MemoryFormat::ChannelsLast), mask);
}

// What lies behind a row's frames counts neither as sound nor as window.
at::Tensor istft_rows(const at::Tensor& magnitude, const at::Tensor& phase,
                      const at::Tensor& window, const FrameMask& mask) {
  const at::Tensor spectrum = at::polar(magnitude.contiguous(), phase.contiguous());
  const at::Tensor shape = window.unsqueeze(1);
  at::Tensor frames = at::fft_irfft(spectrum, kFftSize, 1).mul_(shape);
  at::Tensor weights = shape.square().unsqueeze(0).expand({1, kFftSize, frames.size(2)});
  if (mask.keep.defined()) {
    const at::Tensor keep = mask.keep.squeeze(1);  // [B, 1, F]
    frames.masked_fill_(keep.eq(0), 0);
    weights = weights.mul(keep);
  }
  const at::Tensor sound = overlap_add(frames), weight = overlap_add(weights);
  const auto inner = [&](const at::Tensor& x) {
    return x.narrow(1, kFftSize / 2, kHop * (frames.size(2) - 1));
  };
  return inner(sound).div(inner(weight));
}

}  // namespace chatterbox::s3gen
