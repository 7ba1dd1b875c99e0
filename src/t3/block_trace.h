// What the goldens and --dump know of how blocks were filled, pass by pass.
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "support/tensor_sink.h"
#include "t3/block_sampler.h"
#include "t3/unmasking.h"

namespace chatterbox::t3 {

class BlockTrace {
 public:
  // Hands over what is there from the beginning: t3.budget and, where there is one, t3.prior.
  BlockTrace(TensorSink sink, int64_t block_size, int64_t mask, int64_t budget,
             const at::Tensor& prior);

  // A pass, of logits [rows, L, V]: hands over t3.logits.b0k0, .b0k1 and .b1k0, of the first and
  // the last position. `tokens`: of the block after it.
  void add(const BlockPass& pass, const at::Tensor& logits, const Proposal& proposal,
           const std::vector<int64_t>& tokens);
  // Hands over flash.* and rng.after_t3.
  void finish(const at::Generator& generator) const;

 private:
  [[nodiscard]] at::Tensor by_pass(const std::vector<int64_t>& values) const;
  [[nodiscard]] at::Tensor by_pass(const std::vector<float>& values) const;
  [[nodiscard]] at::Tensor filled_in() const;

  TensorSink sink_;
  int64_t block_size_, mask_;
  std::vector<int64_t> info_;              // six numbers a pass
  std::vector<int64_t> sampled_, states_;  // a block a pass, short ones filled up with -1
  std::vector<float> scores_, noise_;      // the same, with 0
};

}  // namespace chatterbox::t3
