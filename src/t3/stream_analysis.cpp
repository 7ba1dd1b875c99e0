#include "t3/stream_analysis.h"

#include <ATen/TensorOperators.h>

#include "t3/special_tokens.h"

namespace chatterbox::t3 {
namespace {

void record(Quality& quality, Intervention kind, int64_t step) {
  if (!quality.interventions.empty()) {
    InterventionSpan& last = quality.interventions.back();
    if (last.kind == kind && last.first_step + last.steps == step) {
      ++last.steps;
      return;
    }
  }
  quality.interventions.push_back({kind, step, 1});
}

}  // namespace

StreamAnalysis::StreamAnalysis(const AlignmentHeads& heads, int64_t row, const TextSpan& text,
                               const std::optional<AlignmentThresholds>& analyze, bool follow_text)
    : probe_(row, text, heads) {
  if (analyze) analyzer_.emplace(*analyze, text.tokens);
  if (follow_text) path_.emplace(text.tokens);
}

void StreamAnalysis::observe(const at::Tensor& logits, Generation& generation) {
  const EndOfSpeech end = follow(probe_.mean(), generation);
  if (end == EndOfSpeech::kSuppressed) logits[kStopSpeech].fill_(-kCertain);
  if (end != EndOfSpeech::kForced) return;
  logits.fill_(-kCertain);
  logits[kStopSpeech].fill_(kCertain);
}

EndOfSpeech StreamAnalysis::follow(const std::vector<float>& attention, Generation& generation) {
  const EndOfSpeech end = analyzer_ ? intervene(attention, generation) : EndOfSpeech::kKept;
  if (path_) {
    path_->update(attention.data() + attention.size() - probe_.text().tokens);
    generation.places = path_->places();
  }
  return end;
}

void StreamAnalysis::finish(Generation& generation) {
  if (!path_) return;
  path_->finish();
  generation.places = path_->places();
}

EndOfSpeech StreamAnalysis::intervene(const std::vector<float>& attention, Generation& generation) {
  const std::vector<int64_t>& tokens = generation.tokens;
  const AlignmentState& state =
      analyzer_->update(attention, tokens.empty() ? kStartSpeech : tokens.back());
  const auto step = static_cast<int64_t>(tokens.size());
  Quality& quality = generation.quality;
  if (state.end == EndOfSpeech::kSuppressed) {
    record(quality, Intervention::kEndSuppressed, step);
  } else if (state.end == EndOfSpeech::kForced) {
    if (state.long_tail) record(quality, Intervention::kLongTail, step);
    if (state.alignment_repetition) record(quality, Intervention::kAlignmentRepetition, step);
    if (state.token_repetition) record(quality, Intervention::kTokenRepetition, step);
  }
  generation.alignment = state;
  quality.text_coverage = analyzer_->coverage();
  return state.end;
}

}  // namespace chatterbox::t3
