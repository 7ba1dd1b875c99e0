#include "voice/campplus.h"

#include <ATen/ops/addcmul.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/conv1d.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/std.h>

#include "support/interruption.h"

namespace chatterbox::voice {
namespace {

constexpr int64_t kSegment = 100;  // frames that share a mask, xvector.py's seg_pooling

using Conv = CamPlus::Conv;
using Norm = CamPlus::Norm;

at::Tensor linear(const at::Tensor& x, const Conv& c) { return at::linear(x, c.weight, c.bias); }

at::Tensor norm_relu(const at::Tensor& x, const Norm& norm) {
  return at::addcmul(norm.shift, x, norm.scale).relu_();
}

// Strides are over the features only. [B, C, features, T]
at::Tensor conv2d(const at::Tensor& x, const Conv& conv, int64_t stride) {
  interruption_point();
  const int64_t padding = conv.weight.size(2) / 2;
  return at::conv2d(x, conv.weight, conv.bias, {stride, 1}, {padding, padding});
}

at::Tensor residual(const CamPlus::ResBlock& block, const at::Tensor& x) {
  const bool halves = block.shortcut.weight.defined();
  const int64_t stride = halves ? 2 : 1;
  const at::Tensor inner = conv2d(x, block.conv1, stride).relu_();
  const at::Tensor shortcut = halves ? conv2d(x, block.shortcut, stride) : x;
  return conv2d(inner, block.conv2, 1).add_(shortcut).relu_();
}

// [B, T, 80] -> [B, planes * 10, T]
at::Tensor head(const CamPlus& model, const at::Tensor& features) {
  at::Tensor x = features.transpose(1, 2).unsqueeze(1);
  x = conv2d(x.contiguous(at::MemoryFormat::ChannelsLast), model.head_conv1, 1).relu_();
  for (const CamPlus::ResBlock& block : model.head_blocks) x = residual(block, x);
  x = conv2d(x, model.head_conv2, 2).relu_();
  return x.contiguous().flatten(1, 2);
}

// Means over every hundred frames, the last segment as short as it is. [B, T, C] -> [B, S, C]
at::Tensor segment_means(const at::Tensor& x) {
  std::vector<at::Tensor> means;
  for (const at::Tensor& segment : x.split(kSegment, 1)) means.push_back(at::mean(segment, 1));
  return at::stack(means, 1);
}

// The taps of a dilated convolution with three of them, side by side. [B, T, C] -> [B, T, 3 C]
at::Tensor three_taps(const at::Tensor& x, int64_t dilation) {
  const int64_t frames = x.size(1);
  const at::Tensor padded = at::constant_pad_nd(x, {0, 0, dilation, dilation});
  return at::cat({padded.narrow(1, 0, frames), x, padded.narrow(1, 2 * dilation, frames)}, 2);
}

// [B, T, C] -> the layer's new channels [B, T, growth]
at::Tensor dense_layer(const CamPlus::DenseLayer& layer, const at::Tensor& x, int64_t dilation) {
  interruption_point();
  const at::Tensor h = linear(norm_relu(x, layer.norm), layer.bottleneck).relu_();
  const at::Tensor local = at::linear(three_taps(h, dilation), layer.local);
  // The mask depends on the utterance and on the segment, so it is made once for each segment.
  const at::Tensor context = at::mean(h, 1, /*keepdim=*/true).add(segment_means(h));
  const at::Tensor mask =
      at::sigmoid(linear(linear(context, layer.context1).relu_(), layer.context2));
  return local.mul_(mask.repeat_interleave(kSegment, 1).narrow(1, 0, x.size(1)));
}

// Every layer reads all channels before its own, so they lie in one buffer. [B, T, C]
at::Tensor dense_block(const CamPlus::DenseBlock& block, const at::Tensor& x) {
  int64_t channels = x.size(2);
  const at::Tensor all = at::empty({x.size(0), x.size(1), block.transit.size(1)}, x.options());
  all.narrow(2, 0, channels).copy_(x);
  for (const CamPlus::DenseLayer& layer : block.layers) {
    const at::Tensor grown = dense_layer(layer, all.narrow(2, 0, channels), block.dilation);
    all.narrow(2, channels, grown.size(2)).copy_(grown);
    channels += grown.size(2);
  }
  return at::linear(norm_relu(all, block.transit_norm), block.transit);
}

}  // namespace

bool XVectorRun::next() {
  if (done_ == 0) {
    x_ = head(*model_, x_);
    x_ = at::conv1d(x_, model_->tdnn.weight, model_->tdnn.bias, /*stride=*/2, /*padding=*/2);
    x_ = x_.relu_().transpose(1, 2).contiguous();  // [B, T/2, C]
  } else {
    x_ = dense_block(model_->blocks[done_ - 1], x_);
  }
  return done_++ == model_->blocks.size();
}

at::Tensor XVectorRun::vectors() const {
  const at::Tensor x = norm_relu(x_, model_->out_norm);
  const at::Tensor statistics = at::cat({at::mean(x, 1), at::std(x, 1, /*unbiased=*/true)}, 1);
  return linear(statistics, model_->dense);
}

at::Tensor x_vectors(const CamPlus& model, const at::Tensor& features) {
  XVectorRun run(model, features);
  while (!run.next()) {
  }
  return run.vectors();
}

}  // namespace chatterbox::voice
