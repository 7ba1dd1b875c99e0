// The Llama backbone. Its input is embeddings: the model's token tables live in t3/model.h.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "nn/linear.h"
#include "nn/rope.h"
#include "t3/attention_probe.h"
#include "t3/kv_cache.h"

namespace chatterbox::t3 {

struct LlamaLayer {
  at::Tensor input_norm, post_attention_norm;  // [C], fp32
  nn::Linear q_proj, k_proj, v_proj, o_proj;   // [C, C]
  nn::Linear gate_proj, up_proj, down_proj;    // [F, C], [F, C], [C, F]
};

struct Llama {
  std::vector<LlamaLayer> layers;
  at::Tensor norm;  // [C], fp32

  [[nodiscard]] int64_t heads() const;
};

[[nodiscard]] Llama load_llama(const nn::WeightReader& reader);

// The prompts of a sequence's rows: they begin with the same positions, which are computed once.
struct Prompt {
  at::Tensor shared;  // [P, C]
  at::Tensor tails;   // [R, T, C]
};

// Fills the cache rows from position 0. Returns the last position's hidden states, [R, C].
// `probes` of these rows read the positions that follow their text.
[[nodiscard]] at::Tensor prefill(const Llama& llama, const nn::RopeTable& rope,
                                 const Prompt& prompt, const std::vector<int64_t>& rows,
                                 BatchKVCache& cache, const Probes& probes = {});

// One position for each of `rows`, appended to the cache. x [R, C] -> hidden states [R, C].
// `probes` of any of these rows read it.
[[nodiscard]] at::Tensor decode(const Llama& llama, const nn::RopeTable& rope, const at::Tensor& x,
                                const std::vector<int64_t>& rows, BatchKVCache& cache,
                                const Probes& probes = {});

}  // namespace chatterbox::t3
