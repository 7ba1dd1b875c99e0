// The residual block of HiFi-GAN (Kong, Kim and Bae, 2020) with Snake: for each dilation, Snake, a
// dilated convolution, Snake, a plain convolution, added to what came in.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <vector>

#include "nn/weight_reader.h"
#include "s3gen/frame_conv.h"
#include "s3gen/frame_mask.h"
#include "s3gen/snake.h"

namespace chatterbox::s3gen {

struct FrameResblock;

struct SnakeResblock {
  struct Layer {
    Snake snake1;
    FrameConv dilated;
    Snake snake2;
    FrameConv plain;
  };
  std::vector<Layer> layers;
  // With convolutions in bfloat16, on a CPU that multiplies it: the layers, which then are not
  // above.
  std::shared_ptr<const FrameResblock> frames;
};

[[nodiscard]] SnakeResblock read_snake_resblock(const nn::WeightReader& reader, int64_t channels);
// Its convolutions in bfloat16, where the CPU's kernels take them.
void narrow_convs(SnakeResblock& block);
// Those in fp32, for the CPU's own kernels.
void pack_for_kernels(SnakeResblock& block);
// x [B, C, 1, T]; its padding may hold anything, and that of the result does.
[[nodiscard]] at::Tensor resblock(const SnakeResblock& block, const at::Tensor& x,
                                  const FrameMask& mask);

}  // namespace chatterbox::s3gen
