#include "s3gen/f0_predictor.h"

#include <ATen/Parallel.h>
#include <ATen/ops/elu.h>

#include <cmath>

namespace chatterbox::s3gen {
namespace {

// libtorch computes what is left at the end of a vector by another formula.
void elu_cpu(at::Tensor& x) {
  constexpr int64_t kPerTask = 4096;
  auto* data = x.mutable_data_ptr<float>();
  at::parallel_for(0, x.numel(), kPerTask, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) data[i] = data[i] > 0 ? data[i] : std::expm1(data[i]);
  });
}

void elu(at::Tensor& x) {
  if (x.is_cpu()) {
    elu_cpu(x);
  } else {
    at::elu_(x);
  }
}

}  // namespace

F0Predictor read_f0_predictor(const nn::WeightReader& reader, int64_t mel_channels) {
  constexpr int64_t kLayers = 5;  // f0_predictor.py; an ELU without weights follows each
  F0Predictor model;
  int64_t channels = mel_channels;
  for (int64_t i = 0; i < kLayers; ++i) {
    model.layers.push_back(read_weight_norm_conv(reader.scope("condnet", 2 * i), channels));
    channels = model.layers.back().outputs();
  }
  model.classifier.weight = to_frames(reader.get("classifier.weight", {1, channels}).unsqueeze(2));
  model.classifier.bias = reader.get("classifier.bias", {1});
  return model;
}

void pack_for_kernels(F0Predictor& model) {
  for (FrameConv& layer : model.layers) pack_for_kernels(layer);
  pack_for_kernels(model.classifier);
}

at::Tensor predict_f0(const F0Predictor& model, const at::Tensor& mel, const FrameMask& mask) {
  at::Tensor x = mel;
  for (const FrameConv& layer : model.layers) {
    x = conv(layer, x);
    elu(x);
    x = zero_padding(x, mask);
  }
  return conv(model.classifier, x).squeeze(2).squeeze(1).abs();
}

}  // namespace chatterbox::s3gen
