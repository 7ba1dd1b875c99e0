#include "nn/cuda/snake.h"

#include "nn/cuda/launch.cuh"
#include "nn/cuda/snake_kernel.h"

namespace chatterbox::nn::cuda {

int snake(const Snake& layer, Stream stream) {
  return layer.channels % 4 == 0
             ? launch<SnakeKernel<4>>(layer, SnakeKernel<4>::grid(layer), stream)
             : launch<SnakeKernel<1>>(layer, SnakeKernel<1>::grid(layer), stream);
}

}  // namespace chatterbox::nn::cuda
