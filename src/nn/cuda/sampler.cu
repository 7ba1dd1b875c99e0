#include "nn/cuda/sampler.h"

#include "nn/cuda/launch.cuh"
#include "nn/cuda/sampler_kernel.h"

namespace chatterbox::nn::cuda {

int sample(const Sampler& sampler, Stream stream) {
  if (sampler.ids < 1 || sampler.ids > kMostIds) return static_cast<int>(cudaErrorInvalidValue);
  return launch<SamplerKernel>(sampler, SamplerKernel::grid(sampler), stream);
}

int mark_drawn(const Sampler& sampler, Stream stream) {
  return launch<MarkDrawnKernel>(sampler, MarkDrawnKernel::grid(sampler), stream);
}

}  // namespace chatterbox::nn::cuda
