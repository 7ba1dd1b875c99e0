// The signal as Perth's networks see it: levels and phases of a short Fourier transform.
#pragma once

#include <ATen/core/Tensor.h>

namespace chatterbox::watermark {

// pretrained/implicit/hparams.yaml of resemble-perth 1.0.1.
inline constexpr int32_t kSampleRate = 32000;  // Hz
inline constexpr int64_t kFftSize = 2048;      // of the window too
inline constexpr int64_t kHop = 320;
inline constexpr int64_t kBins = kFftSize / 2 + 1;

struct Spectrogram {
  at::Tensor level;  // [kBins, T], dB; 0 is -180 dB, 1 is +15 dB
  at::Tensor phase;  // [kBins, T], radians
};

// signal [N], N > kFftSize / 2; T = N / kHop + 1. `window` [kFftSize].
[[nodiscard]] Spectrogram analyse(const at::Tensor& signal, const at::Tensor& window);
// [length], at most kHop samples more than (T - 1) * kHop.
[[nodiscard]] at::Tensor synthesise(const Spectrogram& spectrogram, const at::Tensor& window,
                                    int64_t length);

}  // namespace chatterbox::watermark
