// All own kernels for CUDA, by their launchers. Torch-free.
#pragma once

#include "nn/cuda/decode_attention.h"
#include "nn/cuda/gated.h"
#include "nn/cuda/sampler.h"
#include "nn/cuda/snake.h"

namespace chatterbox::nn::cuda {

struct Kernels {
  int (*rope_and_cache)(const DecodeStep& step, Type type, Type cache, Stream stream);
  int (*decode_attention)(const DecodeStep& step, Type type, Type cache, Stream stream);
  int (*gated)(const Gated& layer, Type type, Stream stream);
  int (*sample)(const Sampler& sampler, Stream stream);
  int (*mark_drawn)(const Sampler& sampler, Stream stream);
  int (*snake)(const Snake& layer, Stream stream);
};

// Only in a build that has CUDA's compiler.
[[nodiscard]] const Kernels& kernels();

}  // namespace chatterbox::nn::cuda
