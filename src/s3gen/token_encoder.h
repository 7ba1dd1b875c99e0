// Speech tokens to mu, the mean that the flow starts from: embeddings, a look at the three tokens
// ahead, a conformer at the tokens' rate, upsampling to two frames a token, a second conformer.
#pragma once

#include <ATen/core/Tensor.h>

#include "nn/layer_norm.h"
#include "nn/linear.h"
#include "s3gen/conformer.h"
#include "s3gen/frame_conv.h"
#include "s3gen/frame_mask.h"

namespace chatterbox::s3gen {

struct TokenEncoder {
  at::Tensor embedding;  // [speech tokens, C]
  FrameConv look_ahead;  // kernel 4: this token and the next three
  FrameConv look_behind;
  Conformer token_conformer;
  FrameConv upsample;
  Conformer frame_conformer;
  nn::LayerNorm norm;
  nn::Linear project;  // [80, C]
};

// `reader`: the scope "flow".
[[nodiscard]] TokenEncoder read_token_encoder(const nn::WeightReader& reader);

// tokens int64 [B, T], any valid id in the padding. mu [B, 2 T, 80]; its padding holds anything.
[[nodiscard]] at::Tensor encode(const TokenEncoder& encoder, const at::Tensor& tokens,
                                const FrameMask& mask);

}  // namespace chatterbox::s3gen
