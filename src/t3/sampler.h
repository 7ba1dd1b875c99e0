// From logits to the next token, for many sequences at once: fp32, one row a sequence,
// each with its own options. Per-row options are [B, 1]. The operators and their order are the
// reference's (models/t3/t3.py and transformers' logits processors), so that equal logits give
// equal draws.
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include "t3/generation_state.h"

namespace chatterbox::t3 {

// conditional + weight * (conditional - unconditional)
[[nodiscard]] at::Tensor guide(const at::Tensor& conditional, const at::Tensor& unconditional,
                               const at::Tensor& weight);
// Makes ids less likely that were seen (bool [B, V]): positive logits are divided, negative
// multiplied.
[[nodiscard]] at::Tensor penalise_repetition(const at::Tensor& logits, const at::Tensor& seen,
                                             const at::Tensor& penalty);
// Drops (-inf) what is less likely than min_p times the most likely. min_p in [0, 1].
[[nodiscard]] at::Tensor keep_min_p(const at::Tensor& logits, const at::Tensor& min_p);
// Keeps the smallest set of the likeliest whose probability reaches top_p; 1 keeps all.
[[nodiscard]] at::Tensor keep_top_p(const at::Tensor& logits, const at::Tensor& top_p);
// Keeps the top_k likeliest (int64 [B, 1]; 0: all), and what is as likely as the last of them.
// `most`: at least the largest of them, and at least 1.
[[nodiscard]] at::Tensor keep_top_k(const at::Tensor& logits, const at::Tensor& top_k,
                                    int64_t most);

// Which filters any row of a batch uses. Where none does, a filter is not computed.
struct UsedFilters {
  int64_t most_top_k = 0;  // of any row; 0: not used
  bool min_p = false, top_p = false;

  void add(const SamplingOptions& options);
};
// The options of a batch. Where a row is greedy its temperature is 1: the filters do not change
// which of its ids is the likeliest.
struct WarpOptions {
  at::Tensor repetition_penalty, temperature, min_p, top_p;  // fp32
  at::Tensor top_k;                                          // int64
};
// Logits after all processors of the family, in its order.
[[nodiscard]] at::Tensor warp(SamplingFamily family, const at::Tensor& logits,
                              const at::Tensor& seen, const WarpOptions& options,
                              const UsedFilters& used);
// One draw from a row of probabilities, as torch.multinomial(probabilities, 1).
[[nodiscard]] int64_t draw(const at::Tensor& probabilities, const at::Generator& generator);

}  // namespace chatterbox::t3
