#include "s3gen/frame_resblock.h"

#include <algorithm>

#include "s3gen/snake_kernel.h"

namespace chatterbox::s3gen {
namespace {

using nn::cpu::FrameBuffer;
using nn::cpu::FrameLinear;
using nn::cpu::FrameRange;

int64_t half_width(const FrameLinear& conv, int64_t dilation) {
  return (conv.taps - 1) * dilation / 2;
}

int64_t halo(const FrameResblock& block) {
  int64_t most = 0;
  for (const FrameResblock::Layer& layer : block.layers) {
    most = std::max({most, half_width(layer.dilated, layer.dilation), half_width(layer.plain, 1)});
  }
  return most;
}

// The layers of one input.
class Run {
 public:
  Run(const FrameResblock& block, const at::Tensor& x, const FrameMask& mask)
      : block_(block),
        ranges_(nn::cpu::divide_frames(mask.lengths)),
        frames_(x.size(3)),
        size_(x.size(1)),
        scratch_(size_, nn::cpu::kOutputStep),
        sum_(x.clone(at::MemoryFormat::ChannelsLast)),
        outer_(mask.lengths, frames_, size_, halo(block)),
        inner_(mask.lengths, frames_, size_, halo(block)) {}

  at::Tensor layers() {
    nn::cpu::for_each_range(ranges_, [&](const FrameRange& range, int64_t thread) {
      activate(block_.layers.front().snake1, sum_of(range), range, thread, outer_);
    });
    for (const Layer& layer : block_.layers) {
      nn::cpu::for_each_range(ranges_, [&](const FrameRange& range, int64_t thread) {
        convolve_dilated(layer, range, thread);
      });
      nn::cpu::for_each_range(ranges_, [&](const FrameRange& range, int64_t thread) {
        kernels_.product_add(product(layer.plain, inner_, range, 1), sum_of(range), size_);
        if (&layer == &block_.layers.back()) return;
        activate((&layer + 1)->snake1, sum_of(range), range, thread, outer_);
      });
    }
    return sum_;
  }

 private:
  using Layer = FrameResblock::Layer;

  [[nodiscard]] float* sum_of(const FrameRange& range) const {
    return sum_.mutable_data_ptr<float>() + (range.row * frames_ + range.first) * size_;
  }

  [[nodiscard]] nn::cpu::Product product(const FrameLinear& conv, const FrameBuffer& in,
                                         const FrameRange& range, int64_t dilation) const {
    const int64_t first = range.first - half_width(conv, dilation);
    return product_of(conv, in.at(range.row, first), size_, range.count, dilation);
  }

  void activate(const Snake& snake, const float* x, const FrameRange& range, int64_t thread,
                const FrameBuffer& out) const {
    float* wide = scratch_.sums(thread);
    snake_kernel(x, snake.alpha.const_data_ptr<float>(), snake.inverse.const_data_ptr<float>(),
                 wide, range.count, size_);
    kernels_.narrow(wide, size_, range.count, size_, out.at(range.row, range.first), size_);
  }

  void convolve_dilated(const Layer& layer, const FrameRange& range, int64_t thread) const {
    float* sums = scratch_.sums(thread);
    kernels_.product_fp32(product(layer.dilated, outer_, range, layer.dilation), sums, size_);
    activate(layer.snake2, sums, range, thread, inner_);
  }

  const nn::cpu::FrameKernels& kernels_ = *nn::cpu::frame_kernels();
  const FrameResblock& block_;
  const std::vector<FrameRange> ranges_;
  const int64_t frames_, size_;
  const FrameScratch scratch_;
  const at::Tensor sum_;
  const FrameBuffer outer_, inner_;  // what the dilated and the plain convolutions read
};

}  // namespace

bool fits_kernels(const SnakeResblock& block) {
  const at::Tensor& weight = block.layers.front().plain.weight;
  return is_whole_step(weight.size(0)) && weight.size(0) == weight.size(1);
}

FrameResblock pack_resblock(const SnakeResblock& block) {
  FrameResblock packed;
  for (const SnakeResblock::Layer& layer : block.layers) {
    packed.layers.push_back({layer.snake1,
                             nn::cpu::pack_conv(layer.dilated.weight, layer.dilated.bias),
                             layer.dilated.dilation, layer.snake2,
                             nn::cpu::pack_conv(layer.plain.weight, layer.plain.bias)});
  }
  return packed;
}

at::Tensor resblock(const FrameResblock& block, const at::Tensor& x, const FrameMask& mask) {
  return Run(block, x, mask).layers();
}

}  // namespace chatterbox::s3gen
