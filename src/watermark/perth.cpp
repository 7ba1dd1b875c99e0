#include "watermark/perth.h"

#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/leaky_relu.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/upsample_linear1d.h>
#include <ATen/ops/upsample_nearest1d.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "audio/limits.h"
#include "audio/resample.h"
#include "support/error.h"
#include "support/interruption.h"
#include "watermark/polyphase.h"
#include "watermark/spectrogram.h"

namespace chatterbox::watermark {
namespace {

constexpr double kLoudShare = 0.05;                  // model/__init__.py, magmask
constexpr double kNegativeSlope = 0.01;              // torch.nn.LeakyReLU's default
constexpr int64_t kLeastSamples = kFftSize / 2 + 1;  // what the transform can reflect
// model/decoder.py: lengths of the branches' spectra.
constexpr double kSlow = 1.25;
constexpr double kFast = 0.75;
// Before any frame was heard.
constexpr float kQuietest = std::numeric_limits<float>::lowest();

void check_input(const std::vector<float>& samples, int32_t sample_rate) {
  if (sample_rate < audio::kMinSampleRate || sample_rate > audio::kMaxSampleRate) {
    fail(Status::kBadAudio, "the sample rate must be in [{}, {}] Hz, got {}", audio::kMinSampleRate,
         audio::kMaxSampleRate, sample_rate);
  }
  const auto bad =
      std::find_if_not(samples.begin(), samples.end(), [](float x) { return std::isfinite(x); });
  if (bad != samples.end()) {
    fail(Status::kBadAudio, "samples must be finite, sample {} is {}", bad - samples.begin(), *bad);
  }
}

bool is_too_short(const std::vector<float>& signal) {
  return static_cast<int64_t>(signal.size()) < kLeastSamples;
}

Spectrogram spectrogram_of(const Perth& perth, const std::vector<float>& signal) {
  // NOLINTNEXTLINE(*-const-cast): libtorch takes no const
  const at::Tensor samples = at::from_blob(const_cast<float*>(signal.data()),
                                           {static_cast<int64_t>(signal.size())}, at::kFloat);
  return analyse(samples.to(perth.window.device()), perth.window);
}

// 1 for the frames that are loud enough to carry the mark, else 0. [T]. `loudest`: before and with
// them.
at::Tensor loud_frames(const at::Tensor& level, float& loudest) {
  const at::Tensor sums = level.sum(0);
  loudest = std::max(loudest, sums.max().item<float>());
  return sums.gt(loudest * static_cast<float>(kLoudShare)).to(at::kFloat);
}

// x [T, in] -> [T, out], zeros around it.
at::Tensor conv(const at::Tensor& x, const nn::Linear& layer) {
  const int64_t frames = x.size(0);
  const int64_t channels = x.size(1);
  const int64_t taps = layer.inputs() / channels;
  if (taps == 1) return nn::linear(x, layer);
  const at::Tensor padded = at::constant_pad_nd(x, {0, 0, taps / 2, taps / 2});
  return nn::linear(padded.as_strided({frames, taps * channels}, {channels, 1}), layer);
}

// x [T, in] -> [T, out]
at::Tensor run(const Layers& layers, at::Tensor x) {
  for (size_t i = 0; i < layers.size(); ++i) {
    x = conv(x, layers[i]);
    if (i + 1 < layers.size()) x = at::leaky_relu_(x, kNegativeSlope);
  }
  return x;
}

// The bins that the mark is in, [T, bins].
at::Tensor marked_bins(const Layers& layers, const at::Tensor& level) {
  return level.narrow(0, 0, layers.front().inputs()).t().contiguous();
}

// The decoder's look at the spectrum in `frames` frames: [2], its weight and its verdict, means
// over the loud frames.
at::Tensor listen(const Layers& layers, const Spectrogram& spectrogram, const at::Tensor& loud,
                  int64_t frames) {
  at::Tensor x = marked_bins(layers, spectrogram.level);  // [T, bins]
  at::Tensor weights = loud;
  if (frames != x.size(0)) {
    x = at::upsample_linear1d(x.t().unsqueeze(0), frames, /*align_corners=*/true)[0].t();
    weights = at::upsample_nearest1d(loud.view({1, 1, -1}), frames).view({-1});
  }
  const at::Tensor out = run(layers, x.contiguous());
  return out.mul(weights.unsqueeze(1)).sum(0).div(weights.sum());
}

}  // namespace

std::vector<float> embed(const Perth& perth, const std::vector<float>& samples,
                         int32_t sample_rate) {
  float loudest = kQuietest;
  return embed_window(perth, samples, sample_rate, loudest);
}

std::vector<float> embed_window(const Perth& perth, const std::vector<float>& samples,
                                int32_t sample_rate, float& loudest) {
  check_input(samples, sample_rate);
  const std::vector<float> signal = audio::resample_soxr_hq(samples, sample_rate, kSampleRate);
  if (is_too_short(signal)) return samples;

  const Spectrogram spectrogram = spectrogram_of(perth, signal);
  const at::Tensor loud = loud_frames(spectrogram.level, loudest);
  interruption_point();
  const at::Tensor mark = run(perth.encoder, marked_bins(perth.encoder, spectrogram.level));
  spectrogram.level.narrow(0, 0, mark.size(1)).add_(mark.mul(loud.unsqueeze(1)).t());

  interruption_point();
  // The package cuts to whole hops; the samples after them are here, and the others the same.
  const at::Tensor wave =
      synthesise(spectrogram, perth.window, static_cast<int64_t>(signal.size())).to(at::kCPU);
  const std::vector<float> marked(wave.const_data_ptr<float>(),
                                  wave.const_data_ptr<float>() + wave.numel());
  std::vector<float> result = audio::resample_soxr_hq(marked, kSampleRate, sample_rate);
  result.resize(samples.size());  // both ways round up
  return result;
}

float detect(const Perth& perth, const std::vector<float>& samples, int32_t sample_rate) {
  check_input(samples, sample_rate);
  const std::vector<float> signal = resample_polyphase(samples, sample_rate, kSampleRate);
  if (is_too_short(signal)) {
    fail(Status::kBadAudio, "the detector needs at least {} samples at {} Hz, got {}",
         kLeastSamples, kSampleRate, signal.size());
  }

  const Spectrogram spectrogram = spectrogram_of(perth, signal);
  float loudest = kQuietest;
  const at::Tensor loud = loud_frames(spectrogram.level, loudest);
  const int64_t frames = loud.size(0);
  const auto scaled = [&](double factor) {
    return static_cast<int64_t>(static_cast<double>(frames) * factor);
  };
  const at::Tensor heard = at::stack({listen(perth.slow, spectrogram, loud, scaled(kSlow)),
                                      listen(perth.normal, spectrogram, loud, frames),
                                      listen(perth.fast, spectrogram, loud, scaled(kFast))});
  const at::Tensor weights = at::softmax(heard.select(1, 0), 0);
  const auto verdict = heard.select(1, 1).mul(weights).sum().item<float>();
  if (std::isnan(verdict)) return 0;  // no frame is loud: nothing to take a mean of
  return std::clamp(verdict, 0.0F, 1.0F);
}

}  // namespace chatterbox::watermark
