// The short Fourier transforms of spectrum.h for rows of different lengths side by side, on a
// device: a row is what it is alone.
#pragma once

#include <ATen/core/Tensor.h>

#include "s3gen/frame_mask.h"

namespace chatterbox::s3gen {

// waves [B, N], each with 4 samples less than its frames of `mask` take; anything in the padding.
// [B, 18, 1, N / 4 + 1] of those frames, channels-last, zeros in the padding.
[[nodiscard]] at::Tensor stft_rows(const at::Tensor& waves, const at::Tensor& window,
                                   const FrameMask& mask);
// magnitude and phase [B, 9, N / 4 + 1], anything in the padding, to [B, N].
[[nodiscard]] at::Tensor istft_rows(const at::Tensor& magnitude, const at::Tensor& phase,
                                    const at::Tensor& window, const FrameMask& mask);

}  // namespace chatterbox::s3gen
