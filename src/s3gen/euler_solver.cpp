#include "s3gen/euler_solver.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/linspace.h>

#include <utility>

namespace chatterbox::s3gen {
namespace {

constexpr double kGuidance = 0.7;  // configs.py, inference_cfg_rate

// Guided away from what the estimator would do without the conditions. [G, B, T, 80] -> [B, T, 80]
at::Tensor guide(const at::Tensor& field) {
  if (field.size(0) == 1) return field[0];
  return field[0].mul(1.0 + kGuidance).sub_(field[1].mul(kGuidance));
}

FrameHistory fixed_history(const PromptUse& prompt) {
  if (prompt.kept != nullptr) return FrameHistory::keeping(prompt.kept->fixed);
  if (prompt.before == nullptr) return {};
  return FrameHistory::after(prompt.before->fixed, prompt.before->frames);
}

}  // namespace

at::Tensor linear_schedule(int64_t steps) { return at::linspace(0, 1, steps + 1, at::kFloat); }

at::Tensor cosine_schedule(int64_t steps) {
  constexpr double kPi = 3.14159265358979323846;
  return 1 - linear_schedule(steps).mul_(0.5).mul_(kPi).cos_();
}

EulerSolver::EulerSolver(const Estimator& estimator, const FlowConditions& conditions,
                         const at::Tensor& times, int64_t guided_steps, at::Tensor x,
                         PromptUse prompt)
    : estimator_(estimator),
      durations_(times.slice(0, 1).sub(times.slice(0, 0, -1))),
      guided_steps_(guided_steps),
      prompt_(prompt),
      plan_(plan(estimator, conditions, times, fixed_history(prompt))),
      unguided_plan_(without_guidance(plan_)),
      x_(std::move(x)) {
  if (prompt_.kept == nullptr) return;
  prompt_.kept->frames = x_.size(1);
  prompt_.kept->steps.resize(static_cast<size_t>(durations_.size(0)));
}

FrameHistory EulerSolver::history_of(int64_t step) const {
  const auto index = static_cast<size_t>(step);
  if (prompt_.kept != nullptr) return FrameHistory::keeping(prompt_.kept->steps[index]);
  if (prompt_.before == nullptr) return {};
  return FrameHistory::after(prompt_.before->steps[index], prompt_.before->frames);
}

void EulerSolver::advance(int64_t step) {
  const EstimatorPlan& plan = step < guided_steps_ ? plan_ : unguided_plan_;
  const at::Tensor field =
      guide(estimate(estimator_, plan, step, x_, history_of(step))).to(at::kFloat);
  x_ = x_.add(field.mul(durations_[step]));
}

}  // namespace chatterbox::s3gen
