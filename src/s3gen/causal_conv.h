// Convolutions over time in the layout of the transformers, [B, T, C], which is channels-last
// memory of [B, C, 1, T].
#pragma once

#include <ATen/core/Tensor.h>

#include "nn/weight_reader.h"
#include "s3gen/frame_conv.h"
#include "s3gen/prompt_states.h"

namespace chatterbox::s3gen {

// Tensors "weight" [out, in, kernel] and "bias", in the activations' type, without padding.
[[nodiscard]] FrameConv read_unpadded_conv(const nn::WeightReader& reader, int64_t out, int64_t in,
                                           int64_t kernel);

// Zeros before and after the frames of x [B, T, C], then the convolution.
[[nodiscard]] at::Tensor padded_conv(const FrameConv& layer, const at::Tensor& x, int64_t before,
                                     int64_t after);
// A frame sees itself and the ones before it, so that a row's padding reaches none of its frames.
[[nodiscard]] at::Tensor causal_conv(const FrameConv& layer, const at::Tensor& x);
// The same after the frames before.
[[nodiscard]] at::Tensor causal_conv(const FrameConv& layer, const at::Tensor& x,
                                     FrameHistory& history);

}  // namespace chatterbox::s3gen
