// HiFT: a mel to a wave, through its pitch and the excitation made from it.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "s3gen/f0_predictor.h"
#include "s3gen/harmonic_source.h"
#include "s3gen/hift_generator.h"
#include "s3gen/s3gen.h"

namespace chatterbox::s3gen {

class Vocoder {
 public:
  F0Predictor f0_predictor;
  HarmonicSource source;
  HiftGenerator generator;
  at::Tensor window;  // of the short Fourier transforms
  FrameConv stft;     // that of the excitation, where it has the CPU's own kernels
  at::Tensor fade;    // [960] on the CPU
  c10::Device device = c10::kCPU;
};

// 20 ms of silence, then 20 ms of a rising cosine: what is left of the prompt's last sound
// (s3gen.py).
[[nodiscard]] at::Tensor make_trim_fade();
// Of a wave whose first sample is sample `first` of its utterance. In place.
void apply_trim_fade(const Vocoder& vocoder, at::Tensor& wave, int64_t first);

// [C, T] tensors of different T as [B, C, 1, longest], channels-last, zeros in the padding.
[[nodiscard]] at::Tensor pad_rows(const std::vector<at::Tensor>& rows, c10::Device device);
// What a row draws for its excitation.
[[nodiscard]] SourceNoise source_noise(const Vocoder& vocoder, const VocoderRow& row);
// Of the generator's output, with its 18 channels in the last dimension but one: [..., 9, F] each.
[[nodiscard]] at::Tensor magnitude_of(const at::Tensor& spectrum);
[[nodiscard]] at::Tensor phase_of(const at::Tensor& spectrum);

// The pitch of rows of mels [80, T], each [T], in hertz.
[[nodiscard]] std::vector<at::Tensor> predict_pitch(const Vocoder& vocoder,
                                                    const std::vector<at::Tensor>& mels);
// Waves [480 T] on the CPU, before the fade, of mels [80, T] and their excitations [480 T].
[[nodiscard]] std::vector<at::Tensor> generate_waves(const Vocoder& vocoder,
                                                     const std::vector<at::Tensor>& mels,
                                                     const std::vector<at::Tensor>& sources);

// All rows in one padded batch, on a CPU.
[[nodiscard]] std::vector<at::Tensor> vocode_padded(const Vocoder& vocoder,
                                                    std::vector<VocoderRow>& rows);

}  // namespace chatterbox::s3gen
