// Kaldi's log mel filter-bank energies, as torchaudio.compliance.kaldi.fbank(num_mel_bins=80)
// computes them from 16 kHz audio with its defaults: 25 ms frames every 10 ms that lie wholly in
// the signal, mean removed, pre-emphasis 0.97, Povey's window, no dither.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

namespace chatterbox::audio {

struct KaldiFbank {
  at::Tensor filters;  // [257, 80]
  at::Tensor window;   // [400]
};

[[nodiscard]] KaldiFbank make_kaldi_fbank(c10::Device device);
// Rows of one length, at least 400 samples: [B, n] -> [B, 1 + (n - 400) / 160, 80].
[[nodiscard]] at::Tensor kaldi_fbank(const KaldiFbank& front_end, const at::Tensor& waves);

}  // namespace chatterbox::audio
