#include "s3gen/vocoder.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/clamp.h>
#include <ATen/ops/cos.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/linspace.h>
#include <ATen/ops/sin.h>
#include <ATen/ops/zeros.h>
#include <c10/util/StringUtil.h>

#include <algorithm>
#include <utility>

#include "audio/wave_quality.h"
#include "nn/emit.h"
#include "s3gen/device_vocoder.h"
#include "s3gen/frame_parts.h"
#include "s3gen/spectrum.h"
#include "support/error.h"
#include "support/interruption.h"

namespace chatterbox::s3gen {
namespace {

constexpr double kMagnitudeLimit = 1e2;  // hifigan.py, _istft

void check(const Vocoder& vocoder, const std::vector<VocoderRow>& rows) {
  const int64_t channels = vocoder.generator.mel_channels();
  for (const VocoderRow& row : rows) {
    if (row.mel.dim() != 2 || row.mel.size(0) != channels || row.mel.size(1) < 1) {
      fail(Status::kInternal, "the vocoder takes mels of {} channels and at least 1 frame, got {}",
           channels, c10::str(row.mel.sizes()));
    }
  }
}

// Output of the generator for one row, [18, frames], to the wave.
at::Tensor to_wave(const Vocoder& vocoder, const at::Tensor& spectrum) {
  interruption_point();
  const at::Tensor wave = istft(magnitude_of(spectrum), phase_of(spectrum), vocoder.window);
  return wave.clamp_(-audio::kWaveLimit, audio::kWaveLimit);
}

FrameMask mask_of(const std::vector<at::Tensor>& mels, c10::Device device) {
  std::vector<int64_t> lengths;
  lengths.reserve(mels.size());
  for (const at::Tensor& mel : mels) lengths.push_back(mel.size(1));
  return make_frame_mask(std::move(lengths), device);
}

at::Tensor source_of(const Vocoder& vocoder, const VocoderRow& row, const at::Tensor& pitch) {
  SourceCycles cycles = no_cycles(vocoder.source);
  return make_source(vocoder.source, pitch, vocoder.generator.samples_per_frame(),
                     source_noise(vocoder, row), cycles);
}

// Excitations [N] of different N as [B, longest].
at::Tensor pad_sources(const std::vector<at::Tensor>& sources) {
  std::vector<at::Tensor> rows;
  rows.reserve(sources.size());
  for (const at::Tensor& source : sources) rows.push_back(source.unsqueeze(0));
  return pad_rows(rows, sources.front().device()).squeeze(2).squeeze(1);
}

}  // namespace

at::Tensor pad_rows(const std::vector<at::Tensor>& rows, c10::Device device) {
  int64_t longest = 0;
  for (const at::Tensor& row : rows) longest = std::max(longest, row.size(1));
  at::Tensor padded = at::zeros({static_cast<int64_t>(rows.size()), longest, rows.front().size(0)},
                                at::TensorOptions(at::kFloat).device(device));
  for (size_t i = 0; i < rows.size(); ++i) {
    padded[static_cast<int64_t>(i)].narrow(0, 0, rows[i].size(1)).copy_(rows[i].transpose(0, 1));
  }
  return padded.transpose(1, 2).unsqueeze(2);
}

SourceNoise source_noise(const Vocoder& vocoder, const VocoderRow& row) {
  const int64_t samples = vocoder.generator.samples_per_frame() * row.mel.size(1);
  return row.noise_seed ? place_source_noise(vocoder.source, 0, samples, *row.noise_seed)
                        : draw_source_noise(vocoder.source, samples, row.generator);
}

at::Tensor magnitude_of(const at::Tensor& spectrum) {
  return spectrum.narrow(-2, 0, kBins).exp().clamp_max_(kMagnitudeLimit);
}

at::Tensor phase_of(const at::Tensor& spectrum) { return spectrum.narrow(-2, kBins, kBins).sin(); }

at::Tensor make_trim_fade() {
  constexpr int64_t kSamples = 480;  // 20 ms at 24 kHz
  constexpr double kPi = 3.14159265358979323846;
  const at::Tensor rise = at::linspace(kPi, 0, kSamples, at::kFloat).cos_().add_(1).div_(2);
  return at::cat({at::zeros({kSamples}, at::kFloat), rise});
}

std::shared_ptr<const Vocoder> load_vocoder(const nn::WeightReader& reader) {
  // The phase of the excitation and the exponential of the spectrum ask for fp32.
  const nn::WeightReader hift = reader.with(reader.placement().in_fp32()).scope("mel2wav");
  auto vocoder = std::make_shared<Vocoder>();
  vocoder->device = reader.placement().device;
  vocoder->generator = read_hift_generator(hift);
  if (runs_on_frame_kernels(reader.placement())) narrow_resblocks(vocoder->generator);
  vocoder->f0_predictor =
      read_f0_predictor(hift.scope("f0_predictor"), vocoder->generator.mel_channels());
  if (vocoder->device.is_cpu() && nn::cpu::has_fast_convolutions()) {
    pack_for_kernels(vocoder->generator);
    pack_for_kernels(vocoder->f0_predictor);
    vocoder->stft = make_stft_conv();
  }
  vocoder->source = read_harmonic_source(hift.scope("m_source").scope("l_linear"));
  vocoder->window = make_stft_window(vocoder->device);
  vocoder->fade = make_trim_fade();
  return vocoder;
}

void apply_trim_fade(const Vocoder& vocoder, at::Tensor& wave, int64_t first) {
  const int64_t faded = std::min(wave.size(0), vocoder.fade.size(0) - first);
  if (faded > 0) wave.narrow(0, 0, faded).mul_(vocoder.fade.narrow(0, first, faded));
}

std::vector<at::Tensor> predict_pitch(const Vocoder& vocoder, const std::vector<at::Tensor>& mels) {
  const FrameMask mask = mask_of(mels, vocoder.device);
  const at::Tensor f0 = predict_f0(vocoder.f0_predictor, pad_rows(mels, vocoder.device), mask);
  std::vector<at::Tensor> rows;
  for (size_t i = 0; i < mels.size(); ++i) {
    rows.push_back(f0[static_cast<int64_t>(i)].narrow(0, 0, mask.lengths[i]));
  }
  return rows;
}

std::vector<at::Tensor> generate_waves(const Vocoder& vocoder, const std::vector<at::Tensor>& mels,
                                       const std::vector<at::Tensor>& sources) {
  if (!vocoder.device.is_cpu()) {
    return generate_on_device(vocoder, pad_rows(mels, vocoder.device), pad_sources(sources),
                              mask_of(mels, vocoder.device));
  }
  std::vector<at::Tensor> spectra;
  spectra.reserve(sources.size());
  for (const at::Tensor& source : sources) {
    spectra.push_back(vocoder.stft.is_packed() ? stft(source, vocoder.stft)
                                               : stft(source, vocoder.window));
  }
  const at::Tensor generated =
      generate(vocoder.generator, pad_rows(mels, vocoder.device), pad_rows(spectra, vocoder.device),
               mask_of(mels, vocoder.device));
  std::vector<at::Tensor> waves;
  for (size_t i = 0; i < mels.size(); ++i) {
    const at::Tensor spectrum =
        generated[static_cast<int64_t>(i)].squeeze(1).narrow(1, 0, spectra[i].size(1));
    waves.push_back(to_wave(vocoder, spectrum));
  }
  return waves;
}

std::vector<at::Tensor> vocode_padded(const Vocoder& vocoder, std::vector<VocoderRow>& rows) {
  std::vector<at::Tensor> mels;
  mels.reserve(rows.size());
  for (const VocoderRow& row : rows) mels.push_back(row.mel);
  const std::vector<at::Tensor> pitch = predict_pitch(vocoder, mels);
  std::vector<at::Tensor> sources;
  for (size_t i = 0; i < rows.size(); ++i) {
    sources.push_back(source_of(vocoder, rows[i], pitch[i]));
    nn::emit(rows[i].sink, "s3gen.f0", pitch[i]);
    nn::emit(rows[i].sink, "s3gen.source", sources.back());
  }
  std::vector<at::Tensor> waves = generate_waves(vocoder, mels, sources);
  for (size_t i = 0; i < rows.size(); ++i) {
    apply_trim_fade(vocoder, waves[i], 0);
    nn::emit(rows[i].sink, "s3gen.wav", waves[i]);
  }
  return waves;
}

std::vector<at::Tensor> mel_to_wave(const Vocoder& vocoder, std::vector<VocoderRow>& rows) {
  check(vocoder, rows);
  if (rows.empty()) return {};
  if (!vocoder.device.is_cpu()) return vocode_on_device(vocoder, rows);
  // One row fills a CPU's cores; a padded batch would compute the padding for nothing.
  std::vector<at::Tensor> waves;
  for (VocoderRow& row : rows) {
    std::vector<VocoderRow> alone = {row};
    waves.push_back(vocode_padded(vocoder, alone).front());
  }
  return waves;
}

}  // namespace chatterbox::s3gen
