// The transformer block of the estimator: attention over all frames, then feed-forward, each after
// a norm and added to what came in.
#pragma once

#include <ATen/core/Tensor.h>

#include "nn/layer_norm.h"
#include "nn/linear.h"
#include "s3gen/prompt_states.h"

namespace chatterbox::s3gen {

struct TransformerBlock {
  nn::LayerNorm attention_norm;
  nn::Linear qkv;  // [3 H 64, C]: query, key, value
  nn::Linear out;  // [C, H 64]
  nn::LayerNorm feed_forward_norm;
  nn::Linear inner, outer;  // [F, C], [C, F]
};

// In int8, where the reader's placement says so, the linear layers alone.
[[nodiscard]] TransformerBlock read_transformer_block(const nn::WeightReader& reader, int64_t size);
// x [B, T, C], in place; `padding` as attention_padding() gives it. After the frames before, whose
// keys and values the frames see too, no row is padded.
void transform(const TransformerBlock& block, at::Tensor& x, const at::Tensor& padding,
               FrameHistory& history);

}  // namespace chatterbox::s3gen
