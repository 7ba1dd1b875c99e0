#include "t3/llama.h"

#include <algorithm>

#include "nn/cpu/kernels.h"

namespace chatterbox::t3 {
namespace {

constexpr float kNormEps = 1e-5F;  // rms_norm_eps of models/t3/llama_configs.py

}  // namespace

LlamaWeights load_llama(const nn::WeightReader& reader) {
  reader.ignore("embed_tokens.weight");  // T3 has its own tables
  LlamaWeights llama;
  const nn::WeightReader fp32 = reader.with(reader.placement().in_fp32());
  llama.norm = fp32.get("norm.weight", {-1});
  const int64_t c = llama.norm.size(0);
  const int64_t count = std::max<int64_t>(reader.count("layers"), 1);  // none: the first is missing
  for (int64_t i = 0; i < count; ++i) {
    const nn::WeightReader layer = reader.scope("layers", i);
    const nn::WeightReader layer_fp32 = fp32.scope("layers", i);
    const auto linear = [&](const char* name, int64_t out, int64_t in) {
      return nn::read_linear(layer, name, out, in, nn::Bias::kNo);
    };
    LlamaLayer l;
    l.input_norm = layer_fp32.get("input_layernorm.weight", {c});
    l.post_attention_norm = layer_fp32.get("post_attention_layernorm.weight", {c});
    l.q_proj = linear("self_attn.q_proj", c, c);
    l.k_proj = linear("self_attn.k_proj", c, c);
    l.v_proj = linear("self_attn.v_proj", c, c);
    l.o_proj = linear("self_attn.o_proj", c, c);
    l.gate_proj = linear("mlp.gate_proj", -1, c);
    const int64_t f = l.gate_proj.outputs();
    l.up_proj = linear("mlp.up_proj", f, c);
    l.down_proj = linear("mlp.down_proj", c, f);
    llama.layers.push_back(std::move(l));
  }
  return llama;
}

Llama::Llama(LlamaWeights weights, int64_t positions)
    : weights_(std::move(weights)), rope_(nn::llama3_rope(positions, weights_.norm.device())) {}

int64_t Llama::layers() const { return static_cast<int64_t>(weights_.layers.size()); }

int64_t Llama::heads() const {
  return weights_.layers.front().q_proj.outputs() / nn::cpu::kHeadSize;
}

at::Tensor Llama::enter(const at::Tensor& x, const std::vector<int64_t>& /*positions*/) const {
  return x.clone();
}

std::vector<at::Tensor> Llama::qkv(int64_t index, const at::Tensor& x) const {
  const LlamaLayer& layer = weights_.layers[static_cast<size_t>(index)];
  const at::Tensor h = nn::rms_norm(x, layer.input_norm, kNormEps);
  return nn::linear(h, {&layer.q_proj, &layer.k_proj, &layer.v_proj});
}

void Llama::leave(int64_t index, const at::Tensor& attended, at::Tensor& x) const {
  const LlamaLayer& layer = weights_.layers[static_cast<size_t>(index)];
  nn::add_linear(x, attended, layer.o_proj);
  const at::Tensor h = nn::rms_norm(x, layer.post_attention_norm, kNormEps);
  nn::add_linear(x, nn::swiglu(h, layer.gate_proj, layer.up_proj), layer.down_proj);
}

at::Tensor Llama::norm(const at::Tensor& x) const {
  return nn::rms_norm(x, weights_.norm, kNormEps);
}

}  // namespace chatterbox::t3
