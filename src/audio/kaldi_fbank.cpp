#include "audio/kaldi_fbank.h"

#include <ATen/ops/abs.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/fft_rfft.h>
#include <ATen/ops/hann_window.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/sub.h>

#include <limits>

#include "audio/mel_filters.h"

namespace chatterbox::audio {
namespace {

constexpr int64_t kRate = 16000;
constexpr int64_t kFrame = 400;
constexpr int64_t kHop = 160;
constexpr int64_t kFft = 512;  // the next power of two
constexpr int64_t kMels = 80;
constexpr double kPreemphasis = 0.97;
constexpr double kPoveyExponent = 0.85;  // of a Hann window that is zero at both ends

}  // namespace

KaldiFbank make_kaldi_fbank(c10::Device device) {
  // A Hann window in float32, as torchaudio has it; its power, whose last bit in float32 depends on
  // the CPU, in double.
  const at::Tensor hann = at::hann_window(kFrame, /*periodic=*/false, at::kFloat);
  return {kaldi_mel_filters(kRate, kFft, kMels).t().contiguous().to(device),
          hann.to(at::kDouble).pow_(kPoveyExponent).to(device, at::kFloat)};
}

at::Tensor kaldi_fbank(const KaldiFbank& front_end, const at::Tensor& waves) {
  at::Tensor frames = waves.unfold(1, kFrame, kHop);  // [B, m, 400]
  frames = at::sub(frames, at::mean(frames, -1, /*keepdim=*/true));
  // Within a frame; the first sample is its own predecessor.
  const at::Tensor previous = at::cat({frames.narrow(2, 0, 1), frames.narrow(2, 0, kFrame - 1)}, 2);
  frames = frames.sub_(previous, kPreemphasis).mul_(front_end.window);
  const at::Tensor power = at::abs(at::fft_rfft(frames, kFft)).square_();  // [B, m, 257]
  return at::matmul(power, front_end.filters)
      .clamp_min_(std::numeric_limits<float>::epsilon())
      .log_();
}

}  // namespace chatterbox::audio
