// From logits to tokens on a device: those of the last position of all cache rows stay there, as
// does what was drawn. Nothing depends on what the host knows besides a step's kind. Draws what
// BatchGenerationState draws.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "t3/own_sampler.h"
#include "t3/step_plan.h"

namespace chatterbox::t3 {

class DeviceSampler {
 public:
  DeviceSampler(int64_t rows, int64_t vocabulary, SamplingFamily family, c10::Device device);

  [[nodiscard]] int64_t vocabulary() const { return logits_.size(1); }
  // A new sequence draws from logits [its rows, vocabulary], fp32. Its first row is the conditional
  // one.
  void start(const std::vector<int64_t>& rows, const at::Tensor& logits);

  struct Drawn {
    at::Tensor tokens;  // [B] int64
    at::Tensor sums;    // [B] fp32, finite where all guided logits are
    at::Tensor seen;    // [B, vocabulary], with the tokens; undefined where an own kernel drew
  };
  // Changes nothing.
  [[nodiscard]] Drawn draw(const StepInput& in, const StepKind& kind) const;
  // Ends a step: what was drawn, and logits [R, vocabulary], fp32, of the rows that went on.
  void keep(const StepInput& in, const Drawn& drawn, const at::Tensor& logits);

  // [rows, vocabulary]
  [[nodiscard]] at::Tensor logits(const std::vector<int64_t>& rows) const;

 private:
  [[nodiscard]] SamplerTensors tensors(const Drawn& drawn) const;

  SamplingFamily family_;
  at::Tensor logits_;  // [cache rows, vocabulary], fp32
  at::Tensor seen_;    // [cache rows, vocabulary], bool; of the sequence whose first row it is
};

}  // namespace chatterbox::t3
