#include "audio/mel_spectrogram.h"

#include <ATen/ops/abs.h>
#include <ATen/ops/amax.h>
#include <ATen/ops/hann_window.h>
#include <ATen/ops/log.h>
#include <ATen/ops/log10.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/reflection_pad1d.h>
#include <ATen/ops/stft.h>
#include <ATen/ops/view_as_real.h>

#include "audio/mel_filters.h"

namespace chatterbox::audio {
namespace {

// models/voice_encoder/config.py and s3tokenizer.py: 25 ms windows, 10 ms hops at 16 kHz.
constexpr int64_t kRate16 = 16000;
constexpr int64_t kWindow16 = 400;
constexpr int64_t kHop16 = 160;
// models/s3gen/utils/mel.py
constexpr int64_t kRate24 = 24000;
constexpr int64_t kWindow24 = 1920;
constexpr int64_t kHop24 = 480;

// Both ends are mirrored, so that frame i is centred at i * hop.
at::Tensor centred_stft(const at::Tensor& waves, const at::Tensor& window, int64_t hop) {
  const int64_t size = window.size(0);
  return at::stft(waves, size, hop, size, window, /*center=*/true, /*pad_mode=*/"reflect",
                  /*normalized=*/false, /*onesided=*/true, /*return_complex=*/true);
}

}  // namespace

MelFrontEnd make_speaker_mel(c10::Device device) {
  return {slaney_mel_filters(kRate16, kWindow16, 40, 0, 8000).to(device),
          at::hann_window(kWindow16, at::kDouble).to(device)};
}

at::Tensor speaker_mel(const MelFrontEnd& front_end, const at::Tensor& waves) {
  // librosa.stft works in float64 and rounds its result.
  const at::Tensor spectrum =
      centred_stft(waves.to(at::kDouble), front_end.window, kHop16).to(at::kComplexFloat);
  const at::Tensor mel = at::matmul(front_end.filters, at::abs(spectrum).square_());
  return mel.transpose(1, 2).contiguous();
}

MelFrontEnd make_s3_log_mel(c10::Device device) {
  return {slaney_mel_filters(kRate16, kWindow16, 128, 0, 8000).to(device),
          at::hann_window(kWindow16, at::kFloat).to(device)};
}

at::Tensor s3_log_mel(const MelFrontEnd& front_end, const at::Tensor& waves) {
  const at::Tensor spectrum = centred_stft(waves, front_end.window, kHop16);
  const at::Tensor power = at::abs(spectrum.narrow(2, 0, spectrum.size(2) - 1)).square_();
  const at::Tensor log_mel = at::log10(at::matmul(front_end.filters, power).clamp_min_(1e-10));
  const at::Tensor floor = at::amax(log_mel, {1, 2}, /*keepdim=*/true).sub_(8.0);
  return at::maximum(log_mel, floor).add_(4.0).div_(4.0);
}

MelFrontEnd make_s3gen_mel(c10::Device device) {
  return {slaney_mel_filters(kRate24, kWindow24, 80, 0, 8000).to(device),
          at::hann_window(kWindow24, at::kFloat).to(device)};
}

at::Tensor s3gen_mel(const MelFrontEnd& front_end, const at::Tensor& waves) {
  constexpr int64_t kPad = (kWindow24 - kHop24) / 2;
  const at::Tensor padded = at::reflection_pad1d(waves, {kPad, kPad});
  const at::Tensor spectrum =
      at::stft(padded, kWindow24, kHop24, kWindow24, front_end.window, /*center=*/false,
               /*pad_mode=*/"reflect", /*normalized=*/false, /*onesided=*/true,
               /*return_complex=*/true);
  const at::Tensor amplitude = at::view_as_real(spectrum).square().sum(-1).add_(1e-9).sqrt_();
  const at::Tensor mel = at::matmul(front_end.filters, amplitude);
  return at::log(mel.clamp_min_(1e-5)).transpose(1, 2).contiguous();
}

}  // namespace chatterbox::audio
