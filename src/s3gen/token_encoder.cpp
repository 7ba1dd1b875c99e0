#include "s3gen/token_encoder.h"

#include <ATen/ops/leaky_relu.h>

#include "s3gen/causal_conv.h"
#include "s3gen/sizes.h"

namespace chatterbox::s3gen {
namespace {

constexpr double kLookAheadSlope = 0.01;  // the default of F.leaky_relu

// The padding is zeroed first: this is the one place that looks ahead.
at::Tensor look_ahead(const TokenEncoder& encoder, at::Tensor x, const FrameMask& mask) {
  if (mask.keep.defined()) x = x.mul(time_major(mask).to(x.scalar_type()));
  at::Tensor ahead = padded_conv(encoder.look_ahead, x, 0, kLookAhead);
  at::leaky_relu_(ahead, kLookAheadSlope);
  return causal_conv(encoder.look_behind, ahead).add(x);
}

// Every frame twice, then smoothed.
at::Tensor upsample(const TokenEncoder& encoder, const at::Tensor& x) {
  const at::Tensor twice = x.repeat_interleave(kFramesPerToken, /*dim=*/1);
  return causal_conv(encoder.upsample, twice);
}

}  // namespace

TokenEncoder read_token_encoder(const nn::WeightReader& reader) {
  const nn::Placement& placement = reader.placement();
  const nn::WeightReader conformer = reader.scope("encoder");
  TokenEncoder encoder;
  encoder.embedding = reader.with({placement.device, nn::activation_type(placement)})
                          .get("input_embedding.weight", {-1, -1});
  const int64_t size = encoder.embedding.size(1);
  const auto conv = [&](const char* name, int64_t kernel) {
    return read_unpadded_conv(conformer.scope(name), size, size, kernel);
  };
  encoder.look_ahead = conv("pre_lookahead_layer.conv1", kLookAhead + 1);
  encoder.look_behind = conv("pre_lookahead_layer.conv2", 3);
  encoder.token_conformer = read_conformer(conformer, "embed", "encoders", size);
  encoder.upsample = conv("up_layer.conv", 2 * kFramesPerToken + 1);
  encoder.frame_conformer = read_conformer(conformer, "up_embed", "up_encoders", size);
  encoder.norm = nn::read_layer_norm(conformer, "after_norm", size);
  encoder.project = nn::read_linear(reader, "encoder_proj", kMelChannels, size);
  return encoder;
}

at::Tensor encode(const TokenEncoder& encoder, const at::Tensor& tokens, const FrameMask& mask) {
  at::Tensor x = encoder.embedding.index_select(0, tokens.flatten());
  x = embed(encoder.token_conformer, x.view({tokens.size(0), tokens.size(1), -1}));
  x = look_ahead(encoder, x, mask);
  x = run_layers(encoder.token_conformer, x, mask);
  x = embed(encoder.frame_conformer, upsample(encoder, x));
  x = run_layers(encoder.frame_conformer, x, scaled(mask, kFramesPerToken));
  return nn::linear(nn::layer_norm(x, encoder.norm), encoder.project);
}

}  // namespace chatterbox::s3gen
