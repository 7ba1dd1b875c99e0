// The pitch of each mel frame: five convolutions with ELU and a linear layer (ConvRNNF0Predictor).
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "nn/weight_reader.h"
#include "s3gen/frame_conv.h"
#include "s3gen/frame_mask.h"

namespace chatterbox::s3gen {

struct F0Predictor {
  std::vector<FrameConv> layers;
  FrameConv classifier;  // one output, kernel 1
};

[[nodiscard]] F0Predictor read_f0_predictor(const nn::WeightReader& reader, int64_t mel_channels);
// Its convolutions, for the CPU's own kernels.
void pack_for_kernels(F0Predictor& model);
// mel [B, 80, 1, T] with zeros in the padding. Hertz, [B, T].
[[nodiscard]] at::Tensor predict_f0(const F0Predictor& model, const at::Tensor& mel,
                                    const FrameMask& mask);

}  // namespace chatterbox::s3gen
