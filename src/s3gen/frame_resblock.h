// The vocoder's residual block with convolutions in bfloat16, by the CPU's kernels over frames.
// What they add to stays in fp32, and Snake is computed in it: the wave's phase adds up in there.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "s3gen/frame_parts.h"
#include "s3gen/snake_resblock.h"

namespace chatterbox::s3gen {

struct FrameResblock {
  struct Layer {
    Snake snake1;
    nn::cpu::FrameLinear dilated;
    int64_t dilation = 1;
    Snake snake2;
    nn::cpu::FrameLinear plain;
  };
  std::vector<Layer> layers;
};

// Whether the kernels take a block of these sizes.
[[nodiscard]] bool fits_kernels(const SnakeResblock& block);
[[nodiscard]] FrameResblock pack_resblock(const SnakeResblock& block);

// As resblock() of snake_resblock.h, in channels-last memory.
[[nodiscard]] at::Tensor resblock(const FrameResblock& block, const at::Tensor& x,
                                  const FrameMask& mask);

}  // namespace chatterbox::s3gen
