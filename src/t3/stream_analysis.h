// The alignment analyzer at work in a sequence of the batch.
#pragma once

#include <ATen/core/Tensor.h>

#include "t3/alignment_analyzer.h"
#include "t3/attention_probe.h"
#include "t3/generation_state.h"

namespace chatterbox::t3 {

class StreamAnalysis {
 public:
  // `row`: the conditional one.
  StreamAnalysis(const AlignmentThresholds& thresholds, int64_t row, const TextSpan& text)
      : probe_(row, text, thresholds.heads), analyzer_(thresholds, text.tokens) {}

  [[nodiscard]] AttentionProbe& probe() { return probe_; }
  // Before a draw: reads what the last pass attended to, changes the guided logits [vocabulary]
  // where the end of speech must not or has to come, and records both.
  void intervene(const at::Tensor& logits, Generation& generation);

 private:
  AttentionProbe probe_;
  AlignmentAnalyzer analyzer_;
};

}  // namespace chatterbox::t3
