#include "t3/perceiver.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/scaled_dot_product_attention.h>

namespace chatterbox::t3 {
namespace {

constexpr int64_t kHeads = 4;  // models/t3/modules/perceiver.py

// [T, C] -> [1, H, T, C / H]
at::Tensor split_heads(const at::Tensor& x) {
  return x.view({1, x.size(0), kHeads, x.size(1) / kHeads}).transpose(1, 2);
}

// `x` [S, C] attends to `context` [T, C]; one norm serves both.
at::Tensor attend(const Perceiver& p, const at::Tensor& x, const at::Tensor& context) {
  const at::Tensor normed = nn::layer_norm(context, p.norm);
  const at::Tensor q = split_heads(nn::linear(nn::layer_norm(x, p.norm), p.to_q));
  const at::Tensor k = split_heads(nn::linear(normed, p.to_k));
  const at::Tensor v = split_heads(nn::linear(normed, p.to_v));
  const at::Tensor heads = at::scaled_dot_product_attention(q, k, v);
  const at::Tensor joined = heads.transpose(1, 2).reshape(x.sizes());
  return x + nn::linear(joined, p.proj_out);
}

}  // namespace

Perceiver load_perceiver(const nn::WeightReader& reader) {
  Perceiver p;
  p.query = reader.get("pre_attention_query", {1, -1, -1})[0];
  const int64_t c = p.query.size(1);
  const nn::WeightReader attn = reader.scope("attn");
  p.norm = nn::read_layer_norm(attn, "norm", c);
  p.to_q = nn::read_linear(attn, "to_q", c, c);
  p.to_k = nn::read_linear(attn, "to_k", c, c);
  p.to_v = nn::read_linear(attn, "to_v", c, c);
  p.proj_out = nn::read_linear(attn, "proj_out", c, c);
  return p;
}

at::Tensor perceive(const Perceiver& p, const at::Tensor& prompt) {
  const at::Tensor read = attend(p, p.query.to(prompt.scalar_type()), prompt);
  return attend(p, read, read);
}

}  // namespace chatterbox::t3
