#include "nn/cuda/gated.h"

#include "nn/cuda/gated_kernel.h"
#include "nn/cuda/launch.cuh"

namespace chatterbox::nn::cuda {

int gated(const Gated& layer, Type type, Stream stream) {
  return type == Type::kFloat
             ? launch<GatedKernel<float>>(layer, GatedKernel<float>::grid(layer), stream)
             : launch<GatedKernel<Bf16>>(layer, GatedKernel<Bf16>::grid(layer), stream);
}

}  // namespace chatterbox::nn::cuda
