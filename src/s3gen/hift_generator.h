// HiFTNet's generator (Li et al., 2023): mel frames are upsampled 8 * 5 * 3 times, with the
// excitation's spectrum added at every rate, to the magnitudes and phases of a short Fourier
// transform.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "nn/weight_reader.h"
#include "s3gen/frame_conv.h"
#include "s3gen/frame_mask.h"
#include "s3gen/snake_resblock.h"

namespace chatterbox::s3gen {

struct HiftGenerator {
  struct Stage {
    FrameConvTranspose up;
    FrameConv source_down;  // the excitation's spectrum at this stage's rate
    SnakeResblock source_resblock;
    std::vector<SnakeResblock> resblocks;  // kernels 3, 7, 11, averaged
  };
  FrameConv conv_pre;
  std::vector<Stage> stages;
  FrameConv conv_post;

  [[nodiscard]] int64_t mel_channels() const { return conv_pre.inputs(); }
  [[nodiscard]] int64_t samples_per_frame() const;
};

[[nodiscard]] HiftGenerator read_hift_generator(const nn::WeightReader& reader);
// The convolutions of its residual blocks, which are nearly all of its work, in bfloat16.
void narrow_resblocks(HiftGenerator& model);
// All that are in fp32, for the CPU's own kernels.
void pack_for_kernels(HiftGenerator& model);
// mel [B, 80, 1, T] and source_spectrum [B, 18, 1, 120 T + 1], both with zeros in the padding.
// Returns the output of conv_post, [B, 18, 1, 120 T + 1]; its padding holds anything.
[[nodiscard]] at::Tensor generate(const HiftGenerator& model, const at::Tensor& mel,
                                  const at::Tensor& source_spectrum, const FrameMask& mask);

}  // namespace chatterbox::s3gen
