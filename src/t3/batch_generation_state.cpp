#include "t3/batch_generation_state.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/argmax.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <utility>

#include "nn/emit.h"
#include "support/error.h"
#include "t3/sampler.h"
#include "t3/special_tokens.h"

namespace chatterbox::t3 {
namespace {

using Batch = std::vector<SequenceState*>;

// One option of every sequence, [B, 1].
template <class Option>
at::Tensor column(const Batch& batch, Option option) {
  std::vector<decltype(option(SamplingOptions()))> values;
  for (const SequenceState* sequence : batch) values.push_back(option(sequence->sampling));
  return at::tensor(values).unsqueeze(1);
}

template <class Row>
at::Tensor row_index(const Batch& batch, Row row) {
  std::vector<int64_t> rows;
  for (const SequenceState* sequence : batch) rows.push_back(row(*sequence));
  return at::tensor(rows, at::kLong);
}

at::Tensor conditional_rows(const Batch& batch) {
  return row_index(batch, [](const SequenceState& s) { return s.rows.front(); });
}

// Equal tokens at the end.
int64_t last_repetition(const std::vector<int64_t>& tokens) {
  const auto other = std::find_if(tokens.rbegin(), tokens.rend(),
                                  [&](int64_t token) { return token != tokens.back(); });
  return other - tokens.rbegin();
}

}  // namespace

void append_token(Generation& generation, int64_t token) {
  generation.tokens.push_back(token);
  generation.quality.longest_repetition =
      std::max(generation.quality.longest_repetition, last_repetition(generation.tokens));
}

void append_drawn(SequenceState& sequence, int64_t token, SamplingFamily family) {
  Generation& generation = sequence.generation;
  append_token(generation, token);
  const int64_t uncounted = family == SamplingFamily::kPlain ? 1 : 0;
  const int64_t counted = static_cast<int64_t>(generation.tokens.size()) - uncounted;
  if (counted == 0) return;
  if (token == kStopSpeech) {
    generation.finish = Finish::kEos;
  } else if (counted >= sequence.max_new_tokens) {
    generation.finish = Finish::kMaxTokens;
  }
  if (sequence.ended() && sequence.analysis) sequence.analysis->finish(generation);
}

void emit_logits(const TensorSink& sink, int64_t draw, const at::Tensor& logits) {
  if (draw < kLogitsForSink) nn::emit(sink, "t3.logits" + std::to_string(draw), logits);
}

std::exception_ptr not_finite(size_t step) {
  return std::make_exception_ptr(
      Error(Status::kInternal, fmt::format("the model's logits of step {} are not finite", step)));
}

BatchGenerationState::BatchGenerationState(int64_t rows, int64_t vocabulary, SamplingFamily family)
    : family_(family),
      logits_(at::zeros({rows, vocabulary}, at::kFloat)),
      seen_(at::zeros({rows, vocabulary}, at::kBool)) {}

int64_t BatchGenerationState::insert(SequenceState sequence) {
  at::Tensor seen = seen_[sequence.rows.front()];
  seen.fill_(false);
  seen[kStartSpeech].fill_(true);  // the reference penalises the start of speech as a generated id
  const int64_t id = next_id_++;
  sequences_.emplace(id, std::move(sequence));
  return id;
}

void BatchGenerationState::start(int64_t id, const at::Tensor& logits) {
  SequenceState& sequence = sequences_.at(id);
  set_logits(sequence.rows, logits);
  sequence.started = true;
}

const SequenceState& BatchGenerationState::at(int64_t id) const {
  const auto found = sequences_.find(id);
  if (found == sequences_.end()) fail(Status::kInternal, "no sequence has the id {}", id);
  return found->second;
}

SequenceState& BatchGenerationState::at(int64_t id) {
  // NOLINTNEXTLINE(*-const-cast): the object is not const
  return const_cast<SequenceState&>(std::as_const(*this).at(id));
}

at::Tensor BatchGenerationState::logits(const std::vector<int64_t>& rows) const {
  return logits_.index_select(0, at::tensor(rows, at::kLong));
}

void BatchGenerationState::set_logits(const std::vector<int64_t>& rows, const at::Tensor& logits) {
  logits_.index_copy_(0, at::tensor(rows, at::kLong), logits);
}

std::vector<int64_t> BatchGenerationState::running() const {
  std::vector<int64_t> ids;
  for (const auto& [id, sequence] : sequences_) {
    if (sequence.running()) ids.push_back(id);
  }
  return ids;
}

Probes BatchGenerationState::probes(const std::vector<int64_t>& ids) {
  Probes probes;
  for (const int64_t id : ids) {
    std::optional<StreamAnalysis>& analysis = sequences_.at(id).analysis;
    if (analysis) probes.push_back(&analysis->probe());
  }
  return probes;
}

// Without guidance both rows are one, and the difference is zero.
at::Tensor BatchGenerationState::guided_logits(const Batch& batch) const {
  const at::Tensor unconditional =
      row_index(batch, [](const SequenceState& s) { return s.unconditional_row(); });
  return guide(logits_.index_select(0, conditional_rows(batch)),
               logits_.index_select(0, unconditional),
               column(batch, [](const SamplingOptions& o) { return o.cfg_weight; }));
}

at::Tensor BatchGenerationState::warped(const Batch& batch, const at::Tensor& logits) const {
  using Options = SamplingOptions;
  const auto column_of = [&](auto option) { return column(batch, option); };
  UsedFilters used;
  for (const SequenceState* sequence : batch) used.add(sequence->sampling);
  return warp(family_, logits, seen_.index_select(0, conditional_rows(batch)),
              {column_of([](const Options& o) { return o.repetition_penalty; }),
               column_of([](const Options& o) { return o.temperature > 0 ? o.temperature : 1.0F; }),
               column_of([](const Options& o) { return o.min_p; }),
               column_of([](const Options& o) { return o.top_p; }),
               column_of([](const Options& o) { return o.top_k; })},
              used);
}

void BatchGenerationState::draw_tokens() {
  const std::vector<int64_t> ids = running();
  if (ids.empty()) return;
  Batch batch;
  for (const int64_t id : ids) batch.push_back(&sequences_.at(id));
  const at::Tensor logits = guided_logits(batch);
  const at::Tensor finite = at::isfinite(logits).all(-1);
  for (size_t i = 0; i < batch.size(); ++i) {
    if (!batch[i]->analysis) continue;
    batch[i]->analysis->observe(logits[static_cast<int64_t>(i)], batch[i]->generation);
  }
  const at::Tensor scores = warped(batch, logits);
  const at::Tensor best = at::argmax(scores, -1);
  const at::Tensor probabilities = at::softmax(scores, -1);
  for (size_t i = 0; i < batch.size(); ++i) {
    SequenceState& sequence = *batch[i];
    const auto row = static_cast<int64_t>(i);
    if (!finite[row].item<bool>()) {
      end_with(not_finite(sequence.generation.tokens.size()), ids[i]);
      continue;
    }
    append(sequence, sequence.sampling.temperature > 0
                         ? draw(probabilities[row], sequence.generation.generator)
                         : best[row].item<int64_t>());
  }
}

void BatchGenerationState::end_with(std::exception_ptr failure, int64_t id) {
  SequenceState& sequence = sequences_.at(id);
  sequence.generation.finish = Finish::kFailed;
  sequence.failure = std::move(failure);
}

void BatchGenerationState::append(SequenceState& sequence, int64_t token) {
  at::Tensor seen = seen_[sequence.rows.front()];
  const bool first = sequence.generation.tokens.empty();
  if (first && family_ == SamplingFamily::kPlain) seen[kStartSpeech].fill_(false);
  seen[token].fill_(true);
  append_drawn(sequence, token, family_);
}

}  // namespace chatterbox::t3
