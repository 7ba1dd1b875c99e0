#include "t3/llama.h"

#include <ATen/ops/silu.h>

#include <algorithm>

#include "nn/cpu/kernels.h"
#include "nn/own_step.h"

namespace chatterbox::t3 {
namespace {

constexpr float kNormEps = 1e-5F;  // rms_norm_eps of models/t3/llama_configs.py

// Layers of one input, in one. Where tables are missing they may not fit each other; the reader
// names them at the end.
void join(LlamaLayer& l) {
  const int64_t inputs = l.o_proj.outputs();
  for (const nn::Linear* layer : {&l.q_proj, &l.k_proj, &l.v_proj, &l.gate_proj, &l.up_proj}) {
    if (layer->inputs() != inputs) return;
  }
  l.qkv = nn::join_outputs({&l.q_proj, &l.k_proj, &l.v_proj});
  l.gate_up = nn::join_outputs({&l.gate_proj, &l.up_proj});
  l.q_proj = l.k_proj = l.v_proj = l.gate_proj = l.up_proj = {};
}

// silu(gate) * up of [R, 2 F], side by side.
at::Tensor gated(const at::Tensor& gate_up) {
  if (const nn::cuda::Kernels* own = nn::device_kernels(gate_up.device())) {
    return nn::gated(*own, gate_up);
  }
  const std::vector<at::Tensor> halves = gate_up.chunk(2, -1);
  return at::silu(halves[0]).mul_(halves[1]);
}

}  // namespace

LlamaWeights load_llama(const nn::WeightReader& reader) {
  reader.ignore("embed_tokens.weight");  // T3 has its own tables
  LlamaWeights llama;
  const nn::Placement& placement = reader.placement();
  const nn::WeightReader norms = reader.with({placement.device, nn::activation_type(placement)});
  llama.norm = norms.get("norm.weight", {-1});
  const int64_t c = llama.norm.size(0);
  const int64_t count = std::max<int64_t>(reader.count("layers"), 1);  // none: the first is missing
  for (int64_t i = 0; i < count; ++i) {
    const nn::WeightReader layer = reader.scope("layers", i);
    const nn::WeightReader layer_norms = norms.scope("layers", i);
    const auto linear = [&](const char* name, int64_t out, int64_t in) {
      return nn::read_linear(layer, name, out, in, nn::Bias::kNo);
    };
    LlamaLayer l;
    l.input_norm = layer_norms.get("input_layernorm.weight", {c});
    l.post_attention_norm = layer_norms.get("post_attention_layernorm.weight", {c});
    l.q_proj = linear("self_attn.q_proj", c, c);
    l.k_proj = linear("self_attn.k_proj", c, c);
    l.v_proj = linear("self_attn.v_proj", c, c);
    l.o_proj = linear("self_attn.o_proj", c, c);
    l.gate_proj = linear("mlp.gate_proj", -1, c);
    const int64_t f = l.gate_proj.outputs();
    l.up_proj = linear("mlp.up_proj", f, c);
    l.down_proj = linear("mlp.down_proj", c, f);
    if (!placement.device.is_cpu()) join(l);
    llama.layers.push_back(std::move(l));
  }
  return llama;
}

Llama::Llama(LlamaWeights weights, int64_t positions)
    : weights_(std::move(weights)), rope_(nn::llama3_rope(positions, weights_.norm.device())) {
  if (!weights_.norm.is_cpu()) {
    rope_matrices_ = nn::rope_matrices(rope_, weights_.norm.scalar_type());
  }
}

int64_t Llama::layers() const { return static_cast<int64_t>(weights_.layers.size()); }

int64_t Llama::heads() const {
  return weights_.layers.front().o_proj.inputs() / nn::cpu::kHeadSize;
}

at::Tensor Llama::enter(const at::Tensor& x, const at::Tensor& /*positions*/) const {
  return x.clone();
}

at::Tensor Llama::rotations(const at::Tensor& positions) const {
  return nn::rope_matrices_of(rope_matrices_, positions);
}

at::Tensor Llama::joined_qkv(int64_t index, const at::Tensor& x) const {
  const LlamaLayer& layer = weights_.layers[static_cast<size_t>(index)];
  return nn::linear(nn::rms_norm(x, layer.input_norm, kNormEps), layer.qkv);
}

std::vector<at::Tensor> Llama::qkv(int64_t index, const at::Tensor& x) const {
  if (!x.is_cpu()) return joined_qkv(index, x).chunk(3, -1);
  const LlamaLayer& layer = weights_.layers[static_cast<size_t>(index)];
  const at::Tensor h = nn::rms_norm(x, layer.input_norm, kNormEps);
  return nn::linear(h, {&layer.q_proj, &layer.k_proj, &layer.v_proj});
}

void Llama::leave(int64_t index, const at::Tensor& attended, at::Tensor& x) const {
  const LlamaLayer& layer = weights_.layers[static_cast<size_t>(index)];
  nn::add_linear(x, attended, layer.o_proj);
  const at::Tensor h = nn::rms_norm(x, layer.post_attention_norm, kNormEps);
  const at::Tensor inner = layer.gate_up.defined() ? gated(nn::linear(h, layer.gate_up))
                                                   : nn::swiglu(h, layer.gate_proj, layer.up_proj);
  nn::add_linear(x, inner, layer.down_proj);
}

at::Tensor Llama::norm(const at::Tensor& x) const {
  return nn::rms_norm(x, weights_.norm, kNormEps);
}

}  // namespace chatterbox::t3
