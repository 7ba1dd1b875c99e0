#include "t3/stream_analysis.h"

#include <ATen/TensorOperators.h>

#include "t3/special_tokens.h"

namespace chatterbox::t3 {
namespace {

constexpr float kCertain = 32768;  // the reference's logit, and its negative

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

void StreamAnalysis::intervene(const at::Tensor& logits, Generation& generation) {
  const std::vector<int64_t>& tokens = generation.tokens;
  const AlignmentState& state =
      analyzer_.update(probe_.mean(), tokens.empty() ? kStartSpeech : tokens.back());
  const auto step = static_cast<int64_t>(tokens.size());
  Quality& quality = generation.quality;
  if (state.end == EndOfSpeech::kSuppressed) {
    logits[kStopSpeech].fill_(-kCertain);
    record(quality, Intervention::kEndSuppressed, step);
  } else if (state.end == EndOfSpeech::kForced) {
    logits.fill_(-kCertain);
    logits[kStopSpeech].fill_(kCertain);
    if (state.long_tail) record(quality, Intervention::kLongTail, step);
    if (state.alignment_repetition) record(quality, Intervention::kAlignmentRepetition, step);
    if (state.token_repetition) record(quality, Intervention::kTokenRepetition, step);
  }
  generation.alignment = state;
  quality.text_coverage = analyzer_.coverage();
}

}  // namespace chatterbox::t3
