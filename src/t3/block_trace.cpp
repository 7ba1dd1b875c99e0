#include "t3/block_trace.h"

#include <ATen/ops/rand.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>

#include <string>
#include <utility>

#include "nn/emit.h"

namespace chatterbox::t3 {
namespace {

constexpr int64_t kNumbersOfPass = 6;

template <class T>
void append(std::vector<T>& to, const std::vector<T>& values, int64_t size, T filler) {
  to.insert(to.end(), values.begin(), values.end());
  to.resize(to.size() + static_cast<size_t>(size) - values.size(), filler);
}

}  // namespace

BlockTrace::BlockTrace(TensorSink sink, int64_t block_size, int64_t mask, int64_t budget,
                       const at::Tensor& prior)
    : sink_(std::move(sink)), block_size_(block_size), mask_(mask) {
  nn::emit(sink_, "t3.budget", at::scalar_tensor(budget, at::kLong));
  if (prior.defined()) nn::emit(sink_, "t3.prior", prior);
}

void BlockTrace::add(const BlockPass& pass, const at::Tensor& logits, const Proposal& proposal,
                     const std::vector<int64_t>& tokens) {
  for (const int64_t value :
       {pass.block, pass.pass, pass.masked, pass.scheduled, pass.early, pass.filled}) {
    info_.push_back(value);
  }
  append<int64_t>(sampled_, proposal.tokens, block_size_, -1);
  append<int64_t>(states_, tokens, block_size_, -1);
  append<float>(scores_, proposal.scores, block_size_, 0);
  append<float>(noise_, proposal.noise, block_size_, 0);
  if (pass.block + pass.pass > 1) return;
  nn::emit(sink_, "t3.logits.b" + std::to_string(pass.block) + "k" + std::to_string(pass.pass),
           at::stack({logits.select(1, 0), logits.select(1, logits.size(1) - 1)}, 1));
}

at::Tensor BlockTrace::by_pass(const std::vector<int64_t>& values) const {
  return at::tensor(values, at::kLong).view({-1, block_size_});
}

at::Tensor BlockTrace::by_pass(const std::vector<float>& values) const {
  return at::tensor(values, at::kFloat).view({-1, block_size_});
}

// The pass in which each position got its token; -1: none.
at::Tensor BlockTrace::filled_in() const {
  const auto size = static_cast<size_t>(block_size_);
  std::vector<int64_t> filled;
  for (size_t pass = 0; pass * size < states_.size(); ++pass) {
    const size_t first = static_cast<size_t>(info_[pass * kNumbersOfPass]) * size;
    for (size_t i = 0; i < size; ++i) {
      const int64_t token = states_[pass * size + i];
      if (token < 0) break;  // a short block
      if (first + i == filled.size()) filled.push_back(-1);
      int64_t& filled_in = filled[first + i];
      if (filled_in < 0 && token != mask_) filled_in = static_cast<int64_t>(pass);
    }
  }
  return at::tensor(filled, at::kLong);
}

void BlockTrace::finish(const at::Generator& generator) const {
  constexpr int64_t kDraws = 4;
  nn::emit(sink_, "flash.info", at::tensor(info_, at::kLong).view({-1, kNumbersOfPass}));
  nn::emit(sink_, "flash.sampled", by_pass(sampled_));
  nn::emit(sink_, "flash.state", by_pass(states_));
  nn::emit(sink_, "flash.pmi", by_pass(scores_));
  nn::emit(sink_, "flash.noise", by_pass(noise_));
  nn::emit(sink_, "flash.committed_in", filled_in());
  nn::emit(sink_, "rng.after_t3",
           at::rand({kDraws}, generator.clone(), at::TensorOptions(at::kFloat)));
}

}  // namespace chatterbox::t3
