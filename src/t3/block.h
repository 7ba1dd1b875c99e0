// The block that a sequence is at: from masks to tokens, in passes. Torch-free but for the prior.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "t3/block_sampler.h"
#include "t3/unmasking.h"

namespace chatterbox::t3 {

class Block {
 public:
  // Of a sequence of `budget` tokens, the first block. `mask`: what stands in positions that are
  // not filled. `prior` [V], or undefined: the block's own.
  Block(const BlockOptions& options, int64_t mask, int64_t budget, at::Tensor prior);

  [[nodiscard]] int64_t index() const { return index_; }  // of the block, from 0
  [[nodiscard]] int64_t pass() const { return pass_; }    // that is next, from 0
  [[nodiscard]] const std::vector<int64_t>& tokens() const { return tokens_; }
  [[nodiscard]] int64_t size() const { return static_cast<int64_t>(tokens_.size()); }
  [[nodiscard]] int64_t filled() const;
  // Positions that are filled, with those of the blocks before. Never falls.
  [[nodiscard]] int64_t drawn() const { return first_ + filled(); }
  [[nodiscard]] const BlockOptions& options() const { return options_; }
  [[nodiscard]] const at::Tensor& prior() const { return prior_; }
  // For this and all later blocks.
  void set_prior(at::Tensor prior) { prior_ = std::move(prior); }

  // Fills the positions that this pass fills, with the tokens that it proposes for them.
  BlockPass fill(const Proposal& proposal);
  // Nothing is masked any more, or the speech has ended.
  [[nodiscard]] bool done() const;
  // Where the speech ends in it.
  [[nodiscard]] std::optional<size_t> end_of_speech() const;
  [[nodiscard]] bool is_last() const { return first_ + size() == budget_; }
  // Goes on to the one after it.
  void next();

 private:
  void begin();

  BlockOptions options_;
  int64_t mask_, budget_;
  at::Tensor prior_;
  int64_t index_ = 0, first_ = 0, pass_ = 0;
  std::vector<int64_t> tokens_, schedule_;
};

}  // namespace chatterbox::t3
