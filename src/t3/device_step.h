// A step of T3 on a device: a draw for each sequence, its embedding, the backbone, and the logits
// for the next draw. What it reads of the host is in one buffer for each kind, what the host reads
// in another, and between them nothing depends on either: a step is recorded once for its kind, and
// then replayed.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Event.h>

#include <map>
#include <vector>

#include "nn/device_graphs.h"
#include "t3/device_sampler.h"
#include "t3/model.h"
#include "t3/step_plan.h"

namespace chatterbox::t3 {

// A step that was asked for. Its results lie on the host once `done` is.
class StepResults {
 public:
  StepResults(at::Tensor numbers, int64_t sequences, int64_t positions, c10::Event done);

  void wait() const { done_.synchronize(); }
  // Of the plan's sequence. Only after wait().
  [[nodiscard]] int64_t token(size_t sequence) const;
  [[nodiscard]] bool finite(size_t sequence) const;
  // To each position from `first` on, by the heads that the sequence watches.
  [[nodiscard]] std::vector<float> attention(size_t sequence, int64_t first, int64_t count) const;

 private:
  at::Tensor numbers_;
  int64_t sequences_, positions_;  // as filled up; no positions: nobody watches
  c10::Event done_;
};

class DeviceStep {
 public:
  DeviceStep(const Model& model, BatchKVCache& cache, const DeviceUse& use);

  [[nodiscard]] DeviceSampler& sampler() { return sampler_; }
  // One copy to the device, the step, one copy back. Does not wait.
  [[nodiscard]] StepResults run(const StepPlan& plan);
  [[nodiscard]] const nn::DeviceGraphs& graphs() const { return graphs_; }

 private:
  // The place in memory of so many numbers: steps come one after another, so that kinds may share.
  [[nodiscard]] const at::Tensor& place_of(std::map<int64_t, at::Tensor>& places, int64_t count,
                                           c10::ScalarType type);
  [[nodiscard]] StepKind kind(const StepPlan& plan) const;
  void work(const StepKind& kind, const at::Tensor& input, const at::Tensor& output);

  const Model& model_;
  BatchKVCache& cache_;
  DeviceSampler sampler_;
  nn::DeviceGraphs graphs_;
  std::map<int64_t, at::Tensor> inputs_, outputs_;  // by their sizes
};

}  // namespace chatterbox::t3
