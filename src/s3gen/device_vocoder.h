// The vocoder on a device: the rows of a batch side by side, with one copy there and one back.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "s3gen/vocoder.h"

namespace chatterbox::s3gen {

// mel_to_wave() of at least one row.
[[nodiscard]] std::vector<at::Tensor> vocode_on_device(const Vocoder& vocoder,
                                                       std::vector<VocoderRow>& rows);
// The waves of mels [B, 80, 1, T] and their excitations [B, 480 T], each [480 T] on the CPU, before
// the fade.
[[nodiscard]] std::vector<at::Tensor> generate_on_device(const Vocoder& vocoder,
                                                         const at::Tensor& mels,
                                                         const at::Tensor& sources,
                                                         const FrameMask& mask);

}  // namespace chatterbox::s3gen
