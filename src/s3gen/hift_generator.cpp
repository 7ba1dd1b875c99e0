#include "s3gen/hift_generator.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/leaky_relu.h>

#include "s3gen/spectrum.h"

namespace chatterbox::s3gen {
namespace {

constexpr int64_t kUpsampleRates[] = {8, 5, 3};  // s3gen.py, S3Token2Wav
constexpr double kInnerSlope = 0.1;              // hifigan.py, lrelu_slope
constexpr double kLastSlope = 0.01;              // the default of F.leaky_relu

HiftGenerator::Stage read_stage(const nn::WeightReader& reader, int64_t index, int64_t in,
                                int64_t rate, int64_t frames_per_input) {
  HiftGenerator::Stage stage;
  stage.up = read_weight_norm_conv_transpose(reader.scope("ups", index), in, rate);
  const int64_t out = stage.up.outputs();
  stage.source_down =
      read_strided_conv(reader.scope("source_downs", index), 2 * kBins, out, frames_per_input);
  stage.source_resblock = read_snake_resblock(reader.scope("source_resblocks", index), out);
  constexpr int64_t kResblocks = 3;
  for (int64_t i = 0; i < kResblocks; ++i) {
    stage.resblocks.push_back(
        read_snake_resblock(reader.scope("resblocks", index * kResblocks + i), out));
  }
  return stage;
}

// One frame more on the left, the second one: the short Fourier transform has one more than 120 T.
at::Tensor reflect_first(const at::Tensor& x) { return at::cat({x.narrow(3, 1, 1), x}, 3); }

at::Tensor average(const std::vector<SnakeResblock>& blocks, const at::Tensor& x,
                   const FrameMask& mask) {
  at::Tensor sum = resblock(blocks.front(), x, mask);
  for (size_t i = 1; i < blocks.size(); ++i) sum.add_(resblock(blocks[i], x, mask));
  return sum.div_(static_cast<double>(blocks.size()));
}

}  // namespace

int64_t HiftGenerator::samples_per_frame() const {
  int64_t samples = kHop;
  for (const Stage& stage : stages) samples *= stage.up.stride;
  return samples;
}

HiftGenerator read_hift_generator(const nn::WeightReader& reader) {
  HiftGenerator model;
  const nn::WeightReader pre = reader.scope("conv_pre");
  model.conv_pre = read_weight_norm_conv(pre, pre.dim("parametrizations.weight.original1", 1));
  int64_t channels = model.conv_pre.outputs();
  int64_t remaining = 1;  // frames of the Fourier transform for one of a stage
  for (const int64_t rate : kUpsampleRates) remaining *= rate;
  int64_t index = 0;
  for (const int64_t rate : kUpsampleRates) {
    remaining /= rate;
    model.stages.push_back(read_stage(reader, index, channels, rate, remaining));
    channels = model.stages.back().up.outputs();
    ++index;
  }
  model.conv_post = read_weight_norm_conv(reader.scope("conv_post"), channels);
  return model;
}

void narrow_resblocks(HiftGenerator& model) {
  for (HiftGenerator::Stage& stage : model.stages) {
    narrow_convs(stage.source_resblock);
    for (SnakeResblock& block : stage.resblocks) narrow_convs(block);
  }
}

void pack_for_kernels(HiftGenerator& model) {
  pack_for_kernels(model.conv_pre);
  for (HiftGenerator::Stage& stage : model.stages) {
    pack_for_kernels(stage.up);
    pack_for_kernels(stage.source_down);
    pack_for_kernels(stage.source_resblock);
    for (SnakeResblock& block : stage.resblocks) pack_for_kernels(block);
  }
  pack_for_kernels(model.conv_post);
}

at::Tensor generate(const HiftGenerator& model, const at::Tensor& mel,
                    const at::Tensor& source_spectrum, const FrameMask& mask) {
  FrameMask live = mask;
  at::Tensor x = conv(model.conv_pre, mel);
  for (const HiftGenerator::Stage& stage : model.stages) {
    at::leaky_relu_(x, kInnerSlope);
    x = conv_transpose(stage.up, zero_padding(x, live));
    const bool last = &stage == &model.stages.back();
    if (last) x = reflect_first(x);
    live = scaled(live, stage.up.stride, last ? 1 : 0);
    const at::Tensor source = conv(stage.source_down, source_spectrum);
    x.add_(resblock(stage.source_resblock, source, live));
    x = average(stage.resblocks, x, live);
  }
  at::leaky_relu_(x, kLastSlope);
  return conv(model.conv_post, zero_padding(x, live));
}

}  // namespace chatterbox::s3gen
