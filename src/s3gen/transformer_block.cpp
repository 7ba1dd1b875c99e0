#include "s3gen/transformer_block.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/gelu.h>

#include "nn/attention.h"

namespace chatterbox::s3gen {

TransformerBlock read_transformer_block(const nn::WeightReader& reader, int64_t size) {
  const nn::Placement& placement = reader.placement();
  const nn::WeightReader attention = reader.scope("attn1");
  const nn::WeightReader source = attention.with(nn::linear_source(placement));
  const auto projection = [&](const char* name, int64_t inner) {
    return source.scope(name).get("weight", {inner, size});
  };
  TransformerBlock block;
  block.attention_norm = nn::read_layer_norm(reader, "norm1", size);
  const at::Tensor query = projection("to_q", -1);
  const int64_t inner = query.size(0);
  block.qkv = nn::make_linear(
      at::cat({query, projection("to_k", inner), projection("to_v", inner)}), {}, placement);
  block.out = nn::read_linear(attention, "to_out.0", size, inner);
  block.feed_forward_norm = nn::read_layer_norm(reader, "norm3", size);
  block.inner = nn::read_linear(reader, "ff.net.0.proj", -1, size);
  block.outer = nn::read_linear(reader, "ff.net.2", size, block.inner.outputs());
  return block;
}

void transform(const TransformerBlock& block, at::Tensor& x, const at::Tensor& padding,
               FrameHistory& history) {
  const at::Tensor qkv = nn::linear(nn::layer_norm(x, block.attention_norm), block.qkv);
  const int64_t size = qkv.size(2) / 3;
  if (history.keeps()) history.keep(qkv.narrow(2, size, 2 * size));
  nn::add_linear(x, nn::self_attention(qkv, padding, history.next()), block.out);
  at::Tensor inner = nn::linear(nn::layer_norm(x, block.feed_forward_norm), block.inner);
  at::gelu_(inner);
  nn::add_linear(x, inner, block.outer);
}

}  // namespace chatterbox::s3gen
