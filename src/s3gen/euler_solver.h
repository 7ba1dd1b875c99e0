// Conditional flow matching (Lipman et al., 2022): noise is carried to a mel along the vector field
// that the estimator gives, in Euler steps, with classifier-free guidance where that is not
// distilled into it (mean flows).
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include "s3gen/estimator.h"

namespace chatterbox::s3gen {

// Times of `steps` Euler steps and the end, [steps + 1] fp32: 1 - cos(pi t / 2), small steps first.
[[nodiscard]] at::Tensor cosine_schedule(int64_t steps);
// The same in equal steps.
[[nodiscard]] at::Tensor linear_schedule(int64_t steps);

// What a solver does with a prompt: its frames follow one, or are one that is kept.
struct PromptUse {
  const PromptStates* before = nullptr;
  PromptStates* kept = nullptr;
};

// One batch on its way.
class EulerSolver {
 public:
  // times [S + 1], where the model is. x [B, T, 80], fp32: noise. From step `guided_steps` on there
  // is no guidance. Estimator and prompt must outlive the solver.
  EulerSolver(const Estimator& estimator, const FlowConditions& conditions, const at::Tensor& times,
              int64_t guided_steps, at::Tensor x, PromptUse prompt = {});

  void advance(int64_t step);
  [[nodiscard]] const at::Tensor& x() const { return x_; }

 private:
  [[nodiscard]] FrameHistory history_of(int64_t step) const;

  const Estimator& estimator_;
  at::Tensor durations_;  // of the steps, [S]
  int64_t guided_steps_;
  PromptUse prompt_;
  EstimatorPlan plan_, unguided_plan_;
  at::Tensor x_;
};

}  // namespace chatterbox::s3gen
