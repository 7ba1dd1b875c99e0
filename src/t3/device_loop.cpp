#include "t3/device_loop.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <utility>

#include "nn/torch_failure.h"

namespace chatterbox::t3 {

void DeviceLoop::start(int64_t id, const at::Tensor& logits) {
  SequenceState& sequence = state_.at(id);
  step_.sampler().start(sequence.rows, logits);
  Drawing drawing{DrawsAhead(sequence.generation.generator, step_.sampler().vocabulary())};
  if (sequence.analysis) {
    StreamAnalysis& analysis = *sequence.analysis;
    drawing.end = analysis.follow(analysis.probe().mean(), sequence.generation);
  }
  drawing_.insert_or_assign(id, std::move(drawing));
}

void DeviceLoop::step() {
  if (reads_before(drawing())) read(0);
  const std::vector<int64_t> ids = drawing();
  const size_t before = asked_.size();
  if (!ids.empty()) ask_in_halves(ids);
  prepare_draws();
  read(reads_after(ids) ? 0 : asked_.size() - before);
}

// Those that draw one token more, as far as the host knows.
std::vector<int64_t> DeviceLoop::drawing() const {
  std::vector<int64_t> ids;
  for (const int64_t id : state_.running()) {
    const SequenceState& sequence = std::as_const(state_).at(id);
    const int64_t most = sequence.max_new_tokens + model_.limits().uncounted_tokens();
    if (drawing_.at(id).asked < most) ids.push_back(id);
  }
  return ids;
}

bool DeviceLoop::is_last(int64_t id) const {
  const SequenceState& sequence = std::as_const(state_).at(id);
  return drawing_.at(id).asked + 1 == sequence.max_new_tokens + model_.limits().uncounted_tokens();
}

bool DeviceLoop::reads_before(const std::vector<int64_t>& ids) const {
  return std::any_of(ids.begin(), ids.end(), [&](int64_t id) {
    const SequenceState& sequence = std::as_const(state_).at(id);
    return sequence.analysis && sequence.analysis->intervenes();
  });
}

// Logits are on the device until the next step has overwritten them.
bool DeviceLoop::reads_after(const std::vector<int64_t>& ids) const {
  return std::any_of(ids.begin(), ids.end(), [&](int64_t id) {
    const auto drawing = drawing_.find(id);
    return drawing != drawing_.end() && std::as_const(state_).at(id).sink &&
           drawing->second.asked < kLogitsForSink;
  });
}

// See Decoder::step(). What failed has changed nothing but what the cache holds behind its rows.
void DeviceLoop::ask_in_halves(const std::vector<int64_t>& ids) {
  try {
    ask(ids);
  } catch (...) {
    if (nn::device_is_lost(std::current_exception())) throw;
    if (ids.size() == 1) return state_.end_with(std::current_exception(), ids.front());
    const auto half = ids.begin() + static_cast<std::ptrdiff_t>(ids.size() / 2);
    ask_in_halves({ids.begin(), half});
    ask_in_halves({half, ids.end()});
  }
}

void DeviceLoop::ask(const std::vector<int64_t>& ids) {
  const StepPlan made = plan(ids);
  asked_.push_back({ids, step_.run(made)});
  for (const int64_t id : ids) {
    Drawing& drawing = drawing_.at(id);
    if (!is_last(id)) {
      for (const int64_t row : state_.at(id).rows) cache_.set_length(row, cache_.length(row) + 1);
    }
    ++drawing.asked;
    drawing.draws.advance();
  }
}

StepPlan DeviceLoop::plan(const std::vector<int64_t>& ids) {
  StepPlan plan;
  for (const int64_t id : ids) {
    const SequenceState& sequence = state_.at(id);
    Drawing& drawing = drawing_.at(id);
    StepSequence one;
    one.conditional = sequence.rows.front();
    one.unconditional = sequence.unconditional_row();
    one.first_row = static_cast<int64_t>(plan.rows.size());
    one.sampling = sequence.sampling;
    if (sequence.sampling.temperature > 0) one.uniform = drawing.draws.next();
    one.first_draw = drawing.asked == 0;
    one.end = drawing.end;
    if (sequence.analysis) {
      one.analysed = sequence.analysis->intervenes();
      one.watched = &sequence.analysis->probe().heads();
    }
    add_rows(plan, sequence, drawing, is_last(id));
    plan.sequences.push_back(one);
  }
  return plan;
}

// The last token is not fed back: its rows may have no position left, and write their last one
// again, which nobody reads.
void DeviceLoop::add_rows(StepPlan& plan, const SequenceState& sequence, const Drawing& drawing,
                          bool is_last) const {
  const auto index = static_cast<int64_t>(plan.sequences.size());
  const int64_t place = is_last ? 0 : speech_places({drawing.asked}).front();
  for (const int64_t row : sequence.rows) {
    plan.rows.push_back({row, cache_.length(row) - (is_last ? 1 : 0), place, index});
  }
}

// While the device works.
void DeviceLoop::prepare_draws() {
  std::vector<DrawsAhead*> draws;
  for (const int64_t id : drawing()) {
    if (std::as_const(state_).at(id).sampling.temperature > 0) {
      draws.push_back(&drawing_.at(id).draws);
    }
  }
  at::parallel_for(0, static_cast<int64_t>(draws.size()), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) draws[static_cast<size_t>(i)]->prepare();
  });
}

void DeviceLoop::read(size_t kept) {
  while (asked_.size() > kept) {
    const Asked asked = std::move(asked_.front());
    asked_.pop_front();
    asked.results.wait();
    for (size_t i = 0; i < asked.ids.size(); ++i) {
      if (drawing_.count(asked.ids[i]) > 0) read(asked, i);
    }
  }
}

void DeviceLoop::read(const Asked& asked, size_t index) {
  const int64_t id = asked.ids[index];
  SequenceState& sequence = state_.at(id);
  if (sequence.ended()) return;
  Generation& generation = sequence.generation;
  if (!asked.results.finite(index)) {
    return state_.end_with(not_finite(generation.tokens.size()), id);
  }
  append_drawn(sequence, asked.results.token(index), model_.limits().sampling);
  Drawing& drawing = drawing_.at(id);
  const auto drawn = static_cast<int64_t>(generation.tokens.size());
  generation.generator = drawing.draws.after(drawn);
  if (sequence.ended()) return;
  ++generation.decode_steps;
  if (sequence.analysis) {
    const TextSpan& text = sequence.analysis->probe().text();
    drawing.end = sequence.analysis->follow(asked.results.attention(index, text.first, text.tokens),
                                            generation);
  }
  if (!sequence.sink || drawn >= kLogitsForSink) return;
  try {
    emit_logits(sequence.sink, drawn, step_.sampler().logits(sequence.rows));
  } catch (...) {  // the step is done, and only this sequence's receiver is at fault
    state_.end_with(std::current_exception(), id);
  }
}

}  // namespace chatterbox::t3
