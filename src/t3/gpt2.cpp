#include "t3/gpt2.h"

#include <ATen/TensorOperators.h>

#include <algorithm>

#include "nn/cpu/kernels.h"

namespace chatterbox::t3 {
namespace {

// A third of transformers' Conv1D. Where tables are missing there may be nothing to cut; the reader
// names them at the end.
nn::Linear third(const nn::Linear& layer, int64_t index, int64_t size) {
  if (std::min(layer.outputs(), layer.bias().size(0)) < (index + 1) * size) return layer;
  return nn::narrow_outputs(layer, index * size, size);
}

}  // namespace

Gpt2Weights load_gpt2(const nn::WeightReader& reader) {
  reader.ignore("wte.weight");  // T3 has its own tables
  Gpt2Weights gpt2;
  gpt2.positions = reader.get("wpe.weight", {-1, -1});
  const int64_t c = gpt2.positions.size(1);
  const int64_t count = std::max<int64_t>(reader.count("h"), 1);  // none: the first is missing
  for (int64_t i = 0; i < count; ++i) {
    const nn::WeightReader layer = reader.scope("h", i);
    Gpt2Layer l;
    l.ln_1 = nn::read_layer_norm(layer, "ln_1", c);
    // A width of 1 stands for a missing table: then the third is of any size.
    l.qkv = nn::read_transposed_linear(layer, "attn.c_attn", c, c > 1 ? 3 * c : -1);
    l.q = third(l.qkv, 0, c);
    l.k = third(l.qkv, 1, c);
    l.v = third(l.qkv, 2, c);
    l.attn_proj = nn::read_transposed_linear(layer, "attn.c_proj", c, c);
    l.ln_2 = nn::read_layer_norm(layer, "ln_2", c);
    l.fc = nn::read_transposed_linear(layer, "mlp.c_fc", c, -1);
    l.mlp_proj = nn::read_transposed_linear(layer, "mlp.c_proj", l.fc.outputs(), c);
    gpt2.layers.push_back(std::move(l));
  }
  gpt2.norm = nn::read_layer_norm(reader, "ln_f", c);
  return gpt2;
}

int64_t Gpt2::layers() const { return static_cast<int64_t>(weights_.layers.size()); }

int64_t Gpt2::heads() const { return weights_.positions.size(1) / nn::cpu::kHeadSize; }

at::Tensor Gpt2::enter(const at::Tensor& x, const at::Tensor& positions) const {
  return x + weights_.positions.index_select(0, positions).to(x.scalar_type());
}

at::Tensor Gpt2::joined_qkv(int64_t index, const at::Tensor& x) const {
  const Gpt2Layer& layer = weights_.layers[static_cast<size_t>(index)];
  return nn::linear(nn::layer_norm(x, layer.ln_1), layer.qkv);
}

std::vector<at::Tensor> Gpt2::qkv(int64_t index, const at::Tensor& x) const {
  if (!x.is_cpu()) return joined_qkv(index, x).chunk(3, -1);
  const Gpt2Layer& layer = weights_.layers[static_cast<size_t>(index)];
  return nn::linear(nn::layer_norm(x, layer.ln_1), {&layer.q, &layer.k, &layer.v});
}

void Gpt2::leave(int64_t index, const at::Tensor& attended, at::Tensor& x) const {
  const Gpt2Layer& layer = weights_.layers[static_cast<size_t>(index)];
  nn::add_linear(x, attended, layer.attn_proj);
  const at::Tensor h = nn::layer_norm(x, layer.ln_2);
  nn::add_linear(x, nn::linear_gelu(h, layer.fc), layer.mlp_proj);
}

at::Tensor Gpt2::norm(const at::Tensor& x) const { return nn::layer_norm(x, weights_.norm); }

}  // namespace chatterbox::t3
