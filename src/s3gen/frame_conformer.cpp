#include "s3gen/frame_conformer.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>

#include <algorithm>

#include "s3gen/sizes.h"

namespace chatterbox::s3gen {
namespace {

using nn::cpu::Bf16;
using nn::cpu::FrameBuffer;
using nn::cpu::FrameLinear;
using nn::cpu::FrameRange;

FrameLinear pack_projections(const RelativeAttention& attention) {
  const auto wide = [](const at::Tensor& x) { return x.to(at::kFloat); };
  const at::Tensor bias = wide(attention.query.bias());
  return frame_linear(
      nn::join_outputs({&attention.query, &attention.query, &attention.key, &attention.value}),
      at::cat({bias + wide(attention.content_bias.flatten()),
               bias + wide(attention.position_bias.flatten()), wide(attention.key.bias()),
               wide(attention.value.bias())},
              0));
}

FrameBuffer narrow_positions(const at::Tensor& x) {
  const int64_t frames = x.size(1), size = x.size(2);
  const at::Tensor positions = relative_positions(frames, position_rates(size));
  FrameBuffer buffer(1, positions.size(0), size, 0);
  nn::cpu::frame_kernels()->narrow(positions.const_data_ptr<float>(), size, positions.size(0), size,
                                   buffer.at(0, 0), size);
  return buffer;
}

// The layers of one input.
class Run {
 public:
  Run(const FrameConformer& conformer, const at::Tensor& x, const std::vector<int64_t>& lengths)
      : conformer_(conformer),
        lengths_(lengths),
        ranges_(nn::cpu::divide_frames(lengths)),
        frames_(x.size(1)),
        size_(x.size(2)),
        scratch_(size_, conformer.layers.front().inner.outputs),
        h_(x.clone(at::MemoryFormat::Contiguous)),
        positions_(narrow_positions(x)),
        projected_(x.size(0), frames_, 4 * size_, 0),
        attended_(x.size(0), frames_, size_, 0),
        distances_(1, 2 * frames_ - 1, size_, 0) {}

  at::Tensor layers() {
    nn::cpu::for_each_range(ranges_, [&](const FrameRange& range, int64_t thread) {
      project(conformer_.layers.front(), range, thread);
    });
    for (const Layer& layer : conformer_.layers) {
      project_positions(layer);
      nn::cpu::relative_attention(projected_, distances_, lengths_, attended_);
      nn::cpu::for_each_range(ranges_, [&](const FrameRange& range, int64_t thread) {
        feed_forward(layer, range, thread);
        if (&layer != &conformer_.layers.back()) project(*(&layer + 1), range, thread);
      });
    }
    return h_;
  }

 private:
  using Layer = FrameConformer::Layer;

  [[nodiscard]] float* residual(const FrameRange& range) const {
    return h_.mutable_data_ptr<float>() + (range.row * frames_ + range.first) * size_;
  }

  void project(const Layer& layer, const FrameRange& range, int64_t thread) const {
    Bf16* rows = scratch_.rows(thread);
    kernels_.norm(norm_of(layer.attention_norm, residual(range), range.count), rows, size_);
    kernels_.product(product_of(layer.projections, rows, size_, range.count),
                     projected_.at(range.row, range.first), projected_.size());
  }

  void project_positions(const Layer& layer) const {
    nn::cpu::for_each_range(
        nn::cpu::divide_frames({2 * frames_ - 1}), [&](const FrameRange& range, int64_t) {
          kernels_.product(
              product_of(layer.position, positions_.at(0, range.first), size_, range.count),
              distances_.at(0, range.first), size_);
        });
  }

  void feed_forward(const Layer& layer, const FrameRange& range, int64_t thread) const {
    float* h = residual(range);
    Bf16* rows = scratch_.rows(thread);
    Bf16* inner = scratch_.inner(thread);
    const int64_t inner_size = layer.inner.outputs;
    kernels_.product_add(
        product_of(layer.out, attended_.at(range.row, range.first), size_, range.count), h, size_);
    kernels_.norm(norm_of(layer.feed_forward_norm, h, range.count), rows, size_);
    kernels_.product_silu(product_of(layer.inner, rows, size_, range.count), inner, inner_size);
    kernels_.product_add(product_of(layer.outer, inner, inner_size, range.count), h, size_);
  }

  const nn::cpu::FrameKernels& kernels_ = *nn::cpu::frame_kernels();
  const FrameConformer& conformer_;
  const std::vector<int64_t>& lengths_;
  const std::vector<FrameRange> ranges_;
  const int64_t frames_, size_;
  const FrameScratch scratch_;
  const at::Tensor h_;  // [B, T, C], fp32: what layers add to
  const FrameBuffer positions_, projected_, attended_, distances_;
};

}  // namespace

bool fits_kernels(const Conformer& conformer) {
  const auto fits = [&](const ConformerLayer& layer) {
    const nn::Linear& like = conformer.layers.front().inner;
    return is_whole_step(layer.inner.outputs()) && layer.inner.outputs() == like.outputs() &&
           layer.inner.inputs() == like.inputs() &&
           layer.attention.query.outputs() == layer.attention.query.inputs();
  };
  return !conformer.layers.empty() && conformer.embed.outputs() % kHeadSize == 0 &&
         std::all_of(conformer.layers.begin(), conformer.layers.end(), fits);
}

FrameConformer pack_conformer(const Conformer& conformer) {
  FrameConformer packed;
  for (const ConformerLayer& layer : conformer.layers) {
    packed.layers.push_back({layer.attention_norm, pack_projections(layer.attention),
                             frame_linear(layer.attention.position),
                             frame_linear(layer.attention.out), layer.feed_forward_norm,
                             frame_linear(layer.inner), frame_linear(layer.outer)});
  }
  return packed;
}

at::Tensor run_layers(const FrameConformer& conformer, const at::Tensor& x,
                      const std::vector<int64_t>& lengths) {
  return Run(conformer, x, lengths).layers();
}

}  // namespace chatterbox::s3gen
