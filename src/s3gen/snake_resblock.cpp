#include "s3gen/snake_resblock.h"

#include "s3gen/frame_resblock.h"

namespace chatterbox::s3gen {

SnakeResblock read_snake_resblock(const nn::WeightReader& reader, int64_t channels) {
  constexpr int64_t kDilations[] = {1, 3, 5};  // s3gen.py, S3Token2Wav
  SnakeResblock block;
  int64_t i = 0;
  for (const int64_t dilation : kDilations) {
    SnakeResblock::Layer layer;
    layer.snake1 = read_snake(reader.scope("activations1", i), channels);
    layer.dilated = read_weight_norm_conv(reader.scope("convs1", i), channels, dilation);
    layer.snake2 = read_snake(reader.scope("activations2", i), channels);
    layer.plain = read_weight_norm_conv(reader.scope("convs2", i), channels);
    block.layers.push_back(layer);
    ++i;
  }
  return block;
}

void pack_for_kernels(SnakeResblock& block) {
  for (SnakeResblock::Layer& layer : block.layers) {
    pack_for_kernels(layer.dilated);
    pack_for_kernels(layer.plain);
  }
}

void narrow_convs(SnakeResblock& block) {
  if (!fits_kernels(block)) return;
  block.frames = std::make_shared<const FrameResblock>(pack_resblock(block));
  block.layers.clear();
}

at::Tensor resblock(const SnakeResblock& block, const at::Tensor& x, const FrameMask& mask) {
  if (block.frames) return resblock(*block.frames, x, mask);
  at::Tensor sum = x;
  for (const SnakeResblock::Layer& layer : block.layers) {
    // Snake writes zeros into the padding, so that neither convolution sees a row's neighbours.
    const at::Tensor inner = conv(layer.dilated, snake(layer.snake1, sum, mask));
    sum = conv(layer.plain, snake(layer.snake2, inner, mask)).add_(sum);
  }
  return sum;
}

}  // namespace chatterbox::s3gen
