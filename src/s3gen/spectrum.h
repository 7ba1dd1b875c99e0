// The short Fourier transform on both sides of HiFT: of the excitation, and back to the wave.
#pragma once

#include <ATen/core/Tensor.h>

#include "s3gen/frame_conv.h"

namespace chatterbox::s3gen {

inline constexpr int64_t kFftSize = 16;  // hifigan.py, istft_params
inline constexpr int64_t kHop = 4;
inline constexpr int64_t kBins = kFftSize / 2 + 1;

// Periodic Hann, [16].
[[nodiscard]] at::Tensor make_stft_window(c10::Device device);
// wave [N] to [18, N / 4 + 1]: nine real parts, then nine imaginary parts.
[[nodiscard]] at::Tensor stft(const at::Tensor& wave, const at::Tensor& window);
// The same as a convolution, which has the CPU's own kernels: libtorch's transform rounds otherwise
// with another number of threads.
[[nodiscard]] FrameConv make_stft_conv();
[[nodiscard]] at::Tensor stft(const at::Tensor& wave, const FrameConv& transform);
// magnitude and phase [9, N / 4 + 1] to [N].
[[nodiscard]] at::Tensor istft(const at::Tensor& magnitude, const at::Tensor& phase,
                               const at::Tensor& window);

}  // namespace chatterbox::s3gen
