// Reads CAM++ and folds its batch norms.
#include <ATen/ops/mul.h>
#include <ATen/ops/rsqrt.h>

#include <array>
#include <string>

#include "voice/campplus.h"

namespace chatterbox::voice {
namespace {

constexpr double kBatchNormEps = 1e-5;                // torch.nn.BatchNorm's default
constexpr std::array<int64_t, 3> kDilation{1, 2, 2};  // of the three dense blocks, xvector.py
constexpr int64_t kFeatures = 80;
constexpr int64_t kHeadStrides = 8;  // the head's three strides of 2 over the features
constexpr int64_t kEmbedding = 192;

using Conv = CamPlus::Conv;
using Norm = CamPlus::Norm;

// What a batch norm does in evaluation, in float64.
Norm read_norm(const nn::WeightReader& reader, int64_t size, bool affine = true) {
  const at::Tensor mean = reader.get("running_mean", {size}).to(at::kDouble);
  const at::Tensor variance = reader.get("running_var", {size}).to(at::kDouble);
  reader.ignore("num_batches_tracked");
  at::Tensor scale = at::rsqrt(variance.add(kBatchNormEps));
  if (affine) scale = scale.mul_(reader.get("weight", {size}));
  const at::Tensor shift = at::mul(mean, scale).neg_();
  return {scale, affine ? shift.add(reader.get("bias", {size})) : shift};
}

Norm in_fp32(const Norm& norm) { return {norm.scale.to(at::kFloat), norm.shift.to(at::kFloat)}; }

// norm(conv(x)) as one convolution. The weight is [out, ...].
Conv fold(const at::Tensor& weight, const Norm& norm) {
  std::vector<int64_t> per_output(static_cast<size_t>(weight.dim()), 1);
  per_output[0] = -1;
  return {at::mul(weight.to(at::kDouble), norm.scale.view(per_output)).to(at::kFloat),
          norm.shift.to(at::kFloat)};
}

// A 3x3 or 1x1 convolution of the head, laid out for channels-last input.
Conv read_head_conv(const nn::WeightReader& reader, const std::string& conv,
                    const std::string& norm, int64_t out, int64_t in, int64_t kernel) {
  const at::Tensor weight = reader.get(conv + ".weight", {out, in, kernel, kernel});
  Conv folded = fold(weight, read_norm(reader.scope(norm), out));
  folded.weight = folded.weight.contiguous(at::MemoryFormat::ChannelsLast);
  return folded;
}

void read_head(const nn::WeightReader& head, CamPlus& model) {
  const int64_t planes = head.dim("conv1.weight", 0);
  model.head_conv1 = read_head_conv(head, "conv1", "bn1", planes, 1, 3);
  model.head_conv2 = read_head_conv(head, "conv2", "bn2", planes, planes, 3);
  for (const char* layer : {"layer1", "layer2"}) {
    for (int64_t i = 0; i < head.count(layer); ++i) {
      const nn::WeightReader block = head.scope(layer, i);
      CamPlus::ResBlock read;
      read.conv1 = read_head_conv(block, "conv1", "bn1", planes, planes, 3);
      read.conv2 = read_head_conv(block, "conv2", "bn2", planes, planes, 3);
      if (block.has("shortcut.0.weight")) {
        read.shortcut = read_head_conv(block, "shortcut.0", "shortcut.1", planes, planes, 1);
      }
      model.head_blocks.push_back(read);
    }
  }
}

// [out, in, taps] -> [out, taps * in]
at::Tensor taps_first(const at::Tensor& weight) {
  return weight.permute({0, 2, 1}).reshape({weight.size(0), -1});
}

CamPlus::DenseLayer read_dense_layer(const nn::WeightReader& reader, int64_t channels) {
  const int64_t width = reader.dim("linear1.weight", 0);
  const nn::WeightReader cam = reader.scope("cam_layer");
  const int64_t growth = cam.dim("linear_local.weight", 0);
  const int64_t reduced = cam.dim("linear1.weight", 0);
  CamPlus::DenseLayer layer;
  layer.norm = in_fp32(read_norm(reader.scope("nonlinear1.batchnorm"), channels));
  layer.bottleneck = fold(reader.get("linear1.weight", {width, channels, 1}).squeeze(2),
                          read_norm(reader.scope("nonlinear2.batchnorm"), width));
  layer.local = taps_first(cam.get("linear_local.weight", {growth, width, 3}));
  layer.context1 = {cam.get("linear1.weight", {reduced, width, 1}).squeeze(2),
                    cam.get("linear1.bias", {reduced})};
  layer.context2 = {cam.get("linear2.weight", {growth, reduced, 1}).squeeze(2),
                    cam.get("linear2.bias", {growth})};
  return layer;
}

// Layers are counted from 1. `channels` becomes those of the block's output.
CamPlus::DenseBlock read_dense_block(const nn::WeightReader& xvector, int64_t number,
                                     int64_t& channels) {
  const nn::WeightReader reader = xvector.scope("block" + std::to_string(number));
  CamPlus::DenseBlock block;
  block.dilation = kDilation[static_cast<size_t>(number - 1)];
  for (int64_t i = 1; reader.has("tdnnd" + std::to_string(i) + ".linear1.weight"); ++i) {
    block.layers.push_back(read_dense_layer(reader.scope("tdnnd" + std::to_string(i)), channels));
    channels += block.layers.back().local.size(0);
  }
  const nn::WeightReader transit = xvector.scope("transit" + std::to_string(number));
  block.transit_norm = in_fp32(read_norm(transit.scope("nonlinear.batchnorm"), channels));
  block.transit = transit.get("linear.weight", {channels / 2, channels, 1}).squeeze(2);
  channels /= 2;
  return block;
}

}  // namespace

CamPlus load_camplus(const nn::WeightReader& reader) {
  CamPlus model;
  read_head(reader.scope("head"), model);

  const nn::WeightReader xvector = reader.scope("xvector");
  const int64_t planes = model.head_conv2.weight.size(0);
  int64_t channels = xvector.dim("tdnn.linear.weight", 0);
  model.tdnn =
      fold(xvector.get("tdnn.linear.weight", {channels, planes * kFeatures / kHeadStrides, 5}),
           read_norm(xvector.scope("tdnn.nonlinear.batchnorm"), channels));
  for (size_t i = 0; i < kDilation.size(); ++i) {
    model.blocks.push_back(read_dense_block(xvector, static_cast<int64_t>(i) + 1, channels));
  }
  model.out_norm = in_fp32(read_norm(xvector.scope("out_nonlinear.batchnorm"), channels));
  model.dense =
      fold(xvector.get("dense.linear.weight", {kEmbedding, 2 * channels, 1}).squeeze(2),
           read_norm(xvector.scope("dense.nonlinear.batchnorm"), kEmbedding, /*affine=*/false));
  return model;
}

}  // namespace chatterbox::voice
