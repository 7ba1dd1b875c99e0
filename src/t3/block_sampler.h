// What a pass proposes for a block: a token for each position, and how much each is worth to be
// kept. On the CPU in fp32, with the formulas and the draws of chatterbox-flash (model.py,
// cfg_guidance.py and calibration.py), in its order.
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "t3/block_options.h"
#include "t3/generation_state.h"

namespace chatterbox::t3 {

// log p + weight (log p - log u) of what is drawn from. [L, V]
[[nodiscard]] at::Tensor guided_log_probabilities(const at::Tensor& conditional,
                                                  const at::Tensor& unconditional, float weight);

// An id of each row of probabilities [L, V], fp32 on the CPU: what at::multinomial draws, of the
// same random numbers, in a fraction of its time. [L]
[[nodiscard]] at::Tensor draw_each(const at::Tensor& probabilities, const at::Generator& generator);

// Pointwise mutual information: the log of how much likelier each id is at its position than by the
// prior. Both probabilities count as 1e-8 at least. probabilities [L, V], ids [L], prior [V] -> [L]
[[nodiscard]] at::Tensor pointwise_information(const at::Tensor& probabilities,
                                               const at::Tensor& ids, const at::Tensor& prior);

struct Proposal {
  std::vector<int64_t> tokens;  // of each position
  std::vector<float> scores;    // without the noise
  std::vector<float> noise;     // of which positions go first; 0 without
};

// logits [rows, L, V], the conditional row and maybe that of guidance. `prior` [V]; undefined: the
// mean of the block's own positions. Draws for all positions, filled ones too.
[[nodiscard]] Proposal propose(const at::Tensor& logits, const at::Tensor& prior,
                               const SamplingOptions& sampling, const BlockOptions& options,
                               const at::Generator& generator);

}  // namespace chatterbox::t3
