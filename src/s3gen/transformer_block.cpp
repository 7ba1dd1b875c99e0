#include "s3gen/transformer_block.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/scaled_dot_product_attention.h>

#include <optional>

#include "s3gen/sizes.h"

namespace chatterbox::s3gen {
namespace {

at::Tensor attend(const TransformerBlock& block, const at::Tensor& x, const at::Tensor& padding) {
  // [B, T, 3 H 64] -> three times [B, H, T, 64]
  const at::Tensor qkv =
      nn::linear(x, block.qkv).unflatten(2, {3, -1, kHeadSize}).permute({2, 0, 3, 1, 4});
  const at::Tensor heads = at::scaled_dot_product_attention(
      qkv[0], qkv[1], qkv[2], padding.defined() ? std::optional(padding) : std::nullopt);
  return heads.transpose(1, 2).flatten(2);
}

}  // namespace

TransformerBlock read_transformer_block(const nn::WeightReader& reader, int64_t size) {
  const nn::WeightReader attention = reader.scope("attn1");
  const auto projection = [&](const char* name, int64_t inner) {
    return nn::read_linear(attention, name, inner, size, nn::Bias::kNo).weight;
  };
  TransformerBlock block;
  block.attention_norm = nn::read_layer_norm(reader, "norm1", size);
  const at::Tensor query = projection("to_q", -1);
  const int64_t inner = query.size(0);
  block.qkv.weight = at::cat({query, projection("to_k", inner), projection("to_v", inner)}, 0);
  block.out = nn::read_linear(attention, "to_out.0", size, inner);
  block.feed_forward_norm = nn::read_layer_norm(reader, "norm3", size);
  block.inner = nn::read_linear(reader, "ff.net.0.proj", -1, size);
  block.outer = nn::read_linear(reader, "ff.net.2", size, block.inner.weight.size(0));
  return block;
}

void transform(const TransformerBlock& block, at::Tensor& x, const at::Tensor& padding) {
  const at::Tensor attended = attend(block, nn::layer_norm(x, block.attention_norm), padding);
  nn::add_linear(x, attended, block.out);
  at::Tensor inner = nn::linear(nn::layer_norm(x, block.feed_forward_norm), block.inner);
  at::gelu_(inner);
  nn::add_linear(x, inner, block.outer);
}

}  // namespace chatterbox::s3gen
