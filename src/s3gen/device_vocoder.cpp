#include "s3gen/device_vocoder.h"

#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include "audio/wave_quality.h"
#include "nn/emit.h"
#include "nn/upload.h"
#include "s3gen/row_spectrum.h"
#include "s3gen/spectrum.h"
#include "support/interruption.h"

namespace chatterbox::s3gen {
namespace {

std::vector<SourceNoise> noise_of(const Vocoder& vocoder, const std::vector<VocoderRow>& rows) {
  std::vector<SourceNoise> noise;
  for (const VocoderRow& row : rows) {
    interruption_point();
    noise.push_back(source_noise(vocoder, row));
  }
  return noise;
}

}  // namespace

std::vector<at::Tensor> generate_on_device(const Vocoder& vocoder, const at::Tensor& mels,
                                           const at::Tensor& sources, const FrameMask& mask) {
  const int64_t samples = vocoder.generator.samples_per_frame();
  const FrameMask frames = scaled(mask, samples / kHop, 1);  // of the Fourier transform
  const at::Tensor generated =
      generate(vocoder.generator, mels, stft_rows(sources, vocoder.window, frames), mask)
          .squeeze(2);
  const at::Tensor magnitude = magnitude_of(generated), phase = phase_of(generated);
  const at::Tensor all = istft_rows(magnitude, phase, vocoder.window, frames)
                             .clamp_(-audio::kWaveLimit, audio::kWaveLimit)
                             .cpu();
  std::vector<at::Tensor> waves;
  for (size_t i = 0; i < mask.lengths.size(); ++i) {
    waves.push_back(all[static_cast<int64_t>(i)].narrow(0, 0, samples * mask.lengths[i]));
  }
  return waves;
}

std::vector<at::Tensor> vocode_on_device(const Vocoder& vocoder, std::vector<VocoderRow>& rows) {
  const int64_t samples = vocoder.generator.samples_per_frame();
  std::vector<at::Tensor> mels;
  std::vector<int64_t> lengths;
  for (const VocoderRow& row : rows) {
    mels.push_back(row.mel);
    lengths.push_back(row.mel.size(1));
  }
  const MergedNoise merged = merge_noise(vocoder.source, noise_of(vocoder, rows));
  const std::vector<at::Tensor> there = nn::upload(
      {at::tensor(lengths, at::kLong), merged.first_phases, merged.normals}, vocoder.device);
  const FrameMask mask = make_frame_mask(lengths, there[0]);
  const at::Tensor padded = pad_rows(mels, vocoder.device);
  const at::Tensor f0 = predict_f0(vocoder.f0_predictor, padded, mask);
  SourceCycles cycles = at::zeros(there[1].sizes(), there[1].options().dtype(at::kDouble));
  const at::Tensor sources =
      make_sources(vocoder.source, f0, samples, {there[1], there[2]}, cycles, 0);
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto row = static_cast<int64_t>(i);
    nn::emit(rows[i].sink, "s3gen.f0", f0[row].narrow(0, 0, lengths[i]));
    nn::emit(rows[i].sink, "s3gen.source", sources[row].narrow(0, 0, samples * lengths[i]));
  }
  std::vector<at::Tensor> waves = generate_on_device(vocoder, padded, sources, mask);
  for (size_t i = 0; i < rows.size(); ++i) {
    apply_trim_fade(vocoder, waves[i], 0);
    nn::emit(rows[i].sink, "s3gen.wav", waves[i]);
  }
  return waves;
}

}  // namespace chatterbox::s3gen
