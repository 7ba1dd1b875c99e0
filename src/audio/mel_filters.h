// Triangular mel filter banks, one row per filter, float32 on the CPU.
#pragma once

#include <ATen/core/Tensor.h>

namespace chatterbox::audio {

// librosa.filters.mel with its defaults: Slaney's mel scale, each triangle scaled to unit area in
// Hz.
[[nodiscard]] at::Tensor slaney_mel_filters(int64_t sample_rate, int64_t n_fft, int64_t n_mels,
                                            double low_hz, double high_hz);  // [n_mels, n_fft/2+1]

// Kaldi's bank: triangles in mels of 1127 ln(1 + f/700), of height 1, from 20 Hz to Nyquist. The
// bin of the Nyquist frequency has no weight.
[[nodiscard]] at::Tensor kaldi_mel_filters(int64_t sample_rate, int64_t n_fft,
                                           int64_t n_mels);  // [n_mels, n_fft/2+1]

}  // namespace chatterbox::audio
