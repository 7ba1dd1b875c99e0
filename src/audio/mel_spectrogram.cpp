#include "audio/mel_spectrogram.h"

#include <ATen/ops/abs.h>
#include <ATen/ops/amax.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/hann_window.h>
#include <ATen/ops/log.h>
#include <ATen/ops/log10.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/reflection_pad1d.h>
#include <ATen/ops/stft.h>
#include <ATen/ops/view_as_real.h>

#include <algorithm>

#include "audio/mel_filters.h"
#include "support/interruption.h"

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

constexpr int64_t kFramesAtOnce = 2048;

at::Tensor finished(SpectrumRun run) {
  while (!run.next()) {
  }
  return run.power();
}

}  // namespace

SpectrumRun::SpectrumRun(const MelFrontEnd& front_end, const at::Tensor& waves, int64_t frames)
    : window_(front_end.window) {
  const int64_t size = window_.size(0);
  padded_ = at::reflection_pad1d(waves.to(window_.scalar_type()), {size / 2, size / 2});
  // A frame's bins together, as at::stft() leaves them: which layout a product reads decides bits.
  power_ = at::empty({waves.size(0), frames, size / 2 + 1}, waves.options()).transpose(1, 2);
}

bool SpectrumRun::next() {
  const int64_t size = window_.size(0);
  const int64_t count = std::min(kFramesAtOnce, power_.size(2) - done_);
  const at::Tensor part = padded_.narrow(1, done_ * kHop16, (count - 1) * kHop16 + size);
  const at::Tensor spectrum =
      at::stft(part, size, kHop16, size, window_, /*center=*/false, /*pad_mode=*/"reflect",
               /*normalized=*/false, /*onesided=*/true, /*return_complex=*/true);
  // librosa.stft works in float64 and rounds its result.
  power_.narrow(2, done_, count).copy_(at::abs(spectrum.to(at::kComplexFloat)).square_());
  done_ += count;
  return done_ == power_.size(2);
}

MelFrontEnd make_speaker_mel(c10::Device device) {
  return {slaney_mel_filters(kRate16, kWindow16, 40, 0, 8000).to(device),
          at::hann_window(kWindow16, at::kDouble).to(device)};
}

SpectrumRun speaker_spectrum(const MelFrontEnd& front_end, const at::Tensor& waves) {
  return {front_end, waves, 1 + waves.size(1) / kHop16};
}

at::Tensor speaker_mel_of(const MelFrontEnd& front_end, const at::Tensor& power) {
  return at::matmul(front_end.filters, power).transpose(1, 2).contiguous();
}

at::Tensor speaker_mel(const MelFrontEnd& front_end, const at::Tensor& waves) {
  return speaker_mel_of(front_end, finished(speaker_spectrum(front_end, waves)));
}

MelFrontEnd make_s3_log_mel(c10::Device device) {
  return {slaney_mel_filters(kRate16, kWindow16, 128, 0, 8000).to(device),
          at::hann_window(kWindow16, at::kFloat).to(device)};
}

SpectrumRun s3_spectrum(const MelFrontEnd& front_end, const at::Tensor& waves) {
  return {front_end, waves, waves.size(1) / kHop16};
}

at::Tensor s3_log_mel_of(const MelFrontEnd& front_end, const at::Tensor& power) {
  at::Tensor mel = at::matmul(front_end.filters, power);
  interruption_point();
  const at::Tensor log_mel = at::log10(mel.clamp_min_(1e-10));
  interruption_point();
  const at::Tensor floor = at::amax(log_mel, {1, 2}, /*keepdim=*/true).sub_(8.0);
  interruption_point();
  return at::maximum(log_mel, floor).add_(4.0).div_(4.0);
}

at::Tensor s3_log_mel(const MelFrontEnd& front_end, const at::Tensor& waves) {
  return s3_log_mel_of(front_end, finished(s3_spectrum(front_end, waves)));
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
