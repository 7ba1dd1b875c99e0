#include "t3/device_step.h"

#include <ATen/ops/empty.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <cmath>
#include <utility>

#include "nn/device_kernels.h"
#include "t3/step_attention_probe.h"

namespace chatterbox::t3 {
namespace {

// Of the results: a token and a sum for each sequence, then what it attends to.
constexpr int64_t kLists = 2;

}  // namespace

StepResults::StepResults(at::Tensor numbers, int64_t sequences, int64_t positions, c10::Event done)
    : numbers_(std::move(numbers)),
      sequences_(sequences),
      positions_(positions),
      done_(std::move(done)) {}

int64_t StepResults::token(size_t sequence) const {
  return static_cast<int64_t>(numbers_.const_data_ptr<float>()[sequence]);
}

bool StepResults::finite(size_t sequence) const {
  return std::isfinite(
      numbers_.const_data_ptr<float>()[static_cast<size_t>(sequences_) + sequence]);
}

std::vector<float> StepResults::attention(size_t sequence, int64_t first, int64_t count) const {
  const int64_t row = kLists * sequences_ + static_cast<int64_t>(sequence) * positions_;
  const float* from = numbers_.const_data_ptr<float>() + row + first;
  return {from, from + count};
}

DeviceStep::DeviceStep(const Model& model, BatchKVCache& cache, const DeviceUse& use)
    : model_(model),
      cache_(cache),
      sampler_(cache.rows(), model.limits().speech_vocabulary, model.limits().sampling,
               cache.device()),
      graphs_(cache.device(), use.graphs, use.log) {}

const at::Tensor& DeviceStep::place_of(std::map<int64_t, at::Tensor>& places, int64_t count,
                                       c10::ScalarType type) {
  at::Tensor& place = places[count];
  if (!place.defined()) {
    place = at::empty({count}, at::device(cache_.device()).dtype(type));
  }
  return place;
}

// The sampler's kernel does what a draw asks for, and nothing else.
StepKind DeviceStep::kind(const StepPlan& plan) const {
  StepKind kind = kind_of(plan, cache_.rows(), cache_.positions());
  if (nn::device_kernels(cache_.device()) == nullptr) return kind;
  kind.filters = {};
  kind.analysed = false;
  return kind;
}

StepResults DeviceStep::run(const StepPlan& plan) {
  const StepKind kind = this->kind(plan);
  const int64_t attention = kind.watched.empty() ? 0 : kind.positions;
  const at::Tensor input = place_of(inputs_, packed_size(kind, sampler_.vocabulary()), at::kDouble);
  const at::Tensor output = place_of(outputs_, kind.sequences * (kLists + attention), at::kFloat);
  input.copy_(pack(plan, kind, sampler_.vocabulary()), /*non_blocking=*/true);
  graphs_.run(kind.key(), [this, kind, input, output] { work(kind, input, output); });
  at::Tensor numbers = at::empty(output.sizes(), at::TensorOptions(at::kFloat).pinned_memory(true));
  numbers.copy_(output, /*non_blocking=*/true);
  c10::Event done(cache_.device().type());
  done.record(c10::impl::VirtualGuardImpl(cache_.device().type()).getStream(cache_.device()));
  return {std::move(numbers), kind.sequences, attention, std::move(done)};
}

void DeviceStep::work(const StepKind& kind, const at::Tensor& input, const at::Tensor& output) {
  const StepInput in = unpack(input, kind, sampler_.vocabulary());
  const DeviceSampler::Drawn drawn = sampler_.draw(in, kind);
  const at::Tensor x =
      model_.embedder().speech(drawn.tokens.index_select(0, in.sequences), in.places);
  const nn::StepSpan span{in.rows, in.positions, kind.positions};
  const bool looks = !kind.watched.empty() || nn::device_kernels(x.device()) == nullptr;
  const nn::StepView view = looks ? nn::step_view(span, x.scalar_type()) : nn::StepView{};
  StepQueries queries{kind.watched, {}};
  const at::Tensor hidden = model_.backbone().decode(x, span, view, cache_, &queries);
  const at::Tensor logits = model_.logits(hidden);
  const int64_t batch = kind.sequences;
  output.narrow(0, 0, batch).copy_(drawn.tokens);
  output.narrow(0, batch, batch).copy_(drawn.sums);
  if (!kind.watched.empty()) {
    output.narrow(0, kLists * batch, batch * kind.positions)
        .view({batch, kind.positions})
        .copy_(watched_attention(in, view, cache_, queries));
  }
  sampler_.keep(in, drawn, logits);
}

}  // namespace chatterbox::t3
