// From logits to the next token, for many sequences at once: fp32 on the CPU, one row a sequence,
// each with its own options. Per-row options are [B, 1]. The operators and their order are the
// reference's (models/t3/t3.py and transformers' logits processors), so that equal logits give
// equal draws.
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

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
[[nodiscard]] at::Tensor keep_top_k(const at::Tensor& logits, const at::Tensor& top_k);
// One draw from a row of probabilities, as torch.multinomial(probabilities, 1).
[[nodiscard]] int64_t draw(const at::Tensor& probabilities, const at::Generator& generator);

}  // namespace chatterbox::t3
