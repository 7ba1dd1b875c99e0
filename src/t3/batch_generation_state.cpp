#include "t3/batch_generation_state.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/argmax.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <utility>

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

at::Tensor BatchGenerationState::penalised(const Batch& batch, const at::Tensor& logits) const {
  return penalise_repetition(
      logits, seen_.index_select(0, conditional_rows(batch)),
      column(batch, [](const SamplingOptions& o) { return o.repetition_penalty; }));
}

// Logits after all processors. Greedy rows go along: the filters do not change which one is the
// largest.
at::Tensor BatchGenerationState::warped(const Batch& batch, const at::Tensor& logits) const {
  at::Tensor x = family_ == SamplingFamily::kGuided ? penalised(batch, logits) : logits;
  x = x / column(batch,
                 [](const SamplingOptions& o) { return o.temperature > 0 ? o.temperature : 1.0F; });
  const auto used = [&](auto option) { return std::any_of(batch.begin(), batch.end(), option); };
  if (used([](const SequenceState* s) { return s->sampling.top_k > 0; })) {
    x = keep_top_k(x, column(batch, [](const SamplingOptions& o) { return o.top_k; }));
  }
  if (used([](const SequenceState* s) { return s->sampling.min_p > 0; })) {
    x = keep_min_p(x, column(batch, [](const SamplingOptions& o) { return o.min_p; }));
  }
  if (used([](const SequenceState* s) { return s->sampling.top_p < 1; })) {
    x = keep_top_p(x, column(batch, [](const SamplingOptions& o) { return o.top_p; }));
  }
  return family_ == SamplingFamily::kPlain ? penalised(batch, x) : x;
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
      const size_t step = sequence.generation.tokens.size();
      end_with(std::make_exception_ptr(
                   Error(Status::kInternal,
                         fmt::format("the model's logits of step {} are not finite", step))),
               ids[i]);
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
  Generation& generation = sequence.generation;
  append_token(generation, token);
  at::Tensor seen = seen_[sequence.rows.front()];
  auto counted = static_cast<int64_t>(generation.tokens.size());
  if (family_ == SamplingFamily::kPlain) {
    if (--counted == 0) seen[kStartSpeech].fill_(false);
  }
  seen[token].fill_(true);
  if (counted == 0) return;
  if (token == kStopSpeech) {
    generation.finish = Finish::kEos;
  } else if (counted >= sequence.max_new_tokens) {
    generation.finish = Finish::kMaxTokens;
  }
  if (sequence.ended() && sequence.analysis) sequence.analysis->finish(generation);
}

}  // namespace chatterbox::t3
