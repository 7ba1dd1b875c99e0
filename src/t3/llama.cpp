#include "t3/llama.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/scaled_dot_product_attention.h>

#include <algorithm>

#include "nn/attention.h"
#include "nn/cpu/kernels.h"

namespace chatterbox::t3 {
namespace {

constexpr float kNormEps = 1e-5F;  // rms_norm_eps of models/t3/llama_configs.py
constexpr int64_t kHead = nn::cpu::kHeadSize;

// x += MLP(norm(x))
void feed_forward(const LlamaLayer& layer, at::Tensor& x) {
  const at::Tensor h = nn::rms_norm(x, layer.post_attention_norm, kNormEps);
  nn::add_linear(x, nn::swiglu(h, layer.gate_proj, layer.up_proj), layer.down_proj);
}

// ---- Prefill: packed positions [P + R T, C], the shared ones first.

struct Layout {
  int64_t shared, rows, tail;
  [[nodiscard]] int64_t length() const { return shared + tail; }
};

// [P + R T, H 64] -> [R, H, P + T, 64]
at::Tensor unpack(const at::Tensor& packed, const Layout& layout) {
  const int64_t size = packed.size(1);
  const at::Tensor shared = packed.narrow(0, 0, layout.shared).unsqueeze(0);
  const at::Tensor tails = packed.narrow(0, layout.shared, layout.rows * layout.tail);
  const at::Tensor full = at::cat({shared.expand({layout.rows, layout.shared, size}),
                                   tails.view({layout.rows, layout.tail, size})},
                                  1);
  return full.view({layout.rows, layout.length(), size / kHead, kHead}).transpose(1, 2);
}

// [R, H, P + T, 64] -> [P + R T, H 64]
at::Tensor pack(const at::Tensor& heads, const Layout& layout) {
  const at::Tensor full = heads.transpose(1, 2).flatten(2);
  return at::cat({full[0].narrow(0, 0, layout.shared),
                  full.narrow(1, layout.shared, layout.tail).flatten(0, 1)},
                 0);
}

void write_prefix(const at::Tensor& heads, const std::vector<int64_t>& rows,
                  const at::Tensor& cache) {
  for (size_t r = 0; r < rows.size(); ++r) {
    cache[rows[r]].narrow(1, 0, heads.size(2)).copy_(heads[static_cast<int64_t>(r)]);
  }
}

// ---- Probes

// The place of a row among `rows`; their number where it is not there.
size_t place_of(int64_t row, const std::vector<int64_t>& rows) {
  return static_cast<size_t>(std::find(rows.begin(), rows.end(), row) - rows.begin());
}

// q, k [R, H, positions, 64], rotated.
void read_prompt(const Probes& probes, int64_t layer, const std::vector<int64_t>& rows,
                 const at::Tensor& q, const at::Tensor& k) {
  for (AttentionProbe* probe : probes) {
    const auto r = static_cast<int64_t>(place_of(probe->row(), rows));
    probe->read(layer, q[r].slice(1, probe->text().end()), k[r]);
  }
}

struct Step {
  const nn::RopeTable& rope;
  const std::vector<int64_t>& rows;
  const std::vector<int64_t>& positions;
};

// q [R, H 64], not rotated; k [cache rows, H, positions, 64], of this step too.
void read_step(const Probes& probes, int64_t layer, const Step& step, const at::Tensor& q,
               const at::Tensor& k) {
  for (AttentionProbe* probe : probes) {
    const size_t r = place_of(probe->row(), step.rows);
    if (r == step.rows.size() || !probe->reads(layer)) continue;
    const int64_t position = step.positions[r];
    const at::Tensor heads = q[static_cast<int64_t>(r)].view({-1, 1, kHead});
    const at::Tensor rotated =
        nn::apply_rope(heads, step.rope.cos[position], step.rope.sin[position]);
    probe->read(layer, rotated, k[probe->row()].narrow(1, 0, position + 1));
  }
}

// The tails' last positions of a packed tensor, [R, C].
at::Tensor last_positions(const at::Tensor& packed, const Layout& layout) {
  const at::Tensor tails = packed.narrow(0, layout.shared, layout.rows * layout.tail);
  return tails.view({layout.rows, layout.tail, -1}).select(1, layout.tail - 1).contiguous();
}

}  // namespace

int64_t Llama::heads() const { return layers.at(0).q_proj.weight.size(0) / kHead; }

Llama load_llama(const nn::WeightReader& reader) {
  reader.ignore("embed_tokens.weight");  // the token tables outside the backbone take its place
  Llama llama;
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
    const int64_t f = l.gate_proj.weight.size(0);
    l.up_proj = linear("mlp.up_proj", f, c);
    l.down_proj = linear("mlp.down_proj", c, f);
    llama.layers.push_back(std::move(l));
  }
  return llama;
}

at::Tensor prefill(const Llama& llama, const nn::RopeTable& rope, const Prompt& prompt,
                   const std::vector<int64_t>& rows, BatchKVCache& cache, const Probes& probes) {
  const Layout layout{prompt.shared.size(0), prompt.tails.size(0), prompt.tails.size(1)};
  at::Tensor x = at::cat({prompt.shared, prompt.tails.flatten(0, 1)}, 0);
  const at::Tensor cos = rope.cos.narrow(0, 0, layout.length());
  const at::Tensor sin = rope.sin.narrow(0, 0, layout.length());
  const auto count = static_cast<int64_t>(llama.layers.size());
  for (int64_t i = 0; i < count; ++i) {
    const LlamaLayer& layer = llama.layers[static_cast<size_t>(i)];
    const at::Tensor h = nn::rms_norm(x, layer.input_norm, kNormEps);
    const std::vector<at::Tensor> qkv =
        nn::linear(h, {&layer.q_proj, &layer.k_proj, &layer.v_proj});
    const at::Tensor q = nn::apply_rope(unpack(qkv[0], layout), cos, sin);
    const at::Tensor k = nn::apply_rope(unpack(qkv[1], layout), cos, sin);
    const at::Tensor v = unpack(qkv[2], layout);
    write_prefix(k, rows, cache.k(i));
    write_prefix(v, rows, cache.v(i));
    read_prompt(probes, i, rows, q, k);
    at::Tensor heads = at::scaled_dot_product_attention(q, k, v, {}, 0.0, /*is_causal=*/true);
    at::Tensor attended = pack(heads, layout);
    if (i + 1 == count) {  // nothing reads the other positions any more
      attended = last_positions(attended, layout);
      x = last_positions(x, layout);
    }
    nn::add_linear(x, attended, layer.o_proj);
    feed_forward(layer, x);
  }
  for (const int64_t row : rows) cache.set_length(row, layout.length());
  return nn::rms_norm(x, llama.norm, kNormEps);
}

at::Tensor decode(const Llama& llama, const nn::RopeTable& rope, const at::Tensor& input,
                  const std::vector<int64_t>& rows, BatchKVCache& cache, const Probes& probes) {
  if (input.is_cpu() && input.size(0) > nn::kMaxKernelRows) {  // see there: keeps a row's bits
    std::vector<at::Tensor> parts;
    for (int64_t begin = 0; begin < input.size(0); begin += nn::kMaxKernelRows) {
      const int64_t end = std::min(begin + nn::kMaxKernelRows, input.size(0));
      const std::vector<int64_t> part(rows.begin() + begin, rows.begin() + end);
      parts.push_back(decode(llama, rope, input.slice(0, begin, end), part, cache, probes));
    }
    return at::cat(parts, 0);
  }
  std::vector<int64_t> positions;
  for (const int64_t row : rows) positions.push_back(cache.length(row));
  at::Tensor x = input.clone();
  for (size_t i = 0; i < llama.layers.size(); ++i) {
    const LlamaLayer& layer = llama.layers[i];
    const at::Tensor h = nn::rms_norm(x, layer.input_norm, kNormEps);
    const std::vector<at::Tensor> qkv =
        nn::linear(h, {&layer.q_proj, &layer.k_proj, &layer.v_proj});
    const auto index = static_cast<int64_t>(i);
    const at::Tensor attended =
        nn::cached_attention({qkv[0], qkv[1], qkv[2], rope.cos, rope.sin, cache.k(index),
                              cache.v(index), rows, positions});
    read_step(probes, index, {rope, rows, positions}, qkv[0], cache.k(index));
    nn::add_linear(x, attended, layer.o_proj);
    feed_forward(layer, x);
  }
  for (size_t r = 0; r < rows.size(); ++r) cache.set_length(rows[r], positions[r] + 1);
  return nn::rms_norm(x, llama.norm, kNormEps);
}

}  // namespace chatterbox::t3
