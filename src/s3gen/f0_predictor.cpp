#include "s3gen/f0_predictor.h"

#include <ATen/ops/elu.h>
#include <ATen/ops/linear.h>

namespace chatterbox::s3gen {

F0Predictor read_f0_predictor(const nn::WeightReader& reader, int64_t mel_channels) {
  constexpr int64_t kLayers = 5;  // f0_predictor.py; an ELU without weights follows each
  F0Predictor model;
  int64_t channels = mel_channels;
  for (int64_t i = 0; i < kLayers; ++i) {
    model.layers.push_back(read_weight_norm_conv(reader.scope("condnet", 2 * i), channels));
    channels = model.layers.back().weight.size(0);
  }
  model.weight = reader.get("classifier.weight", {1, channels});
  model.bias = reader.get("classifier.bias", {1});
  return model;
}

at::Tensor predict_f0(const F0Predictor& model, const at::Tensor& mel, const FrameMask& mask) {
  at::Tensor x = mel;
  for (const FrameConv& layer : model.layers) {
    x = conv(layer, x);
    at::elu_(x);
    x = zero_padding(x, mask);
  }
  const at::Tensor frames = x.squeeze(2).transpose(1, 2);  // [B, T, C]
  return at::linear(frames, model.weight, model.bias).squeeze(2).abs();
}

}  // namespace chatterbox::s3gen
