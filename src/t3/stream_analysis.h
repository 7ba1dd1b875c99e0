// What is made of a sequence's attention to its text while it is drawn: by the alignment analyzer,
// and to know the place of each token.
#pragma once

#include <ATen/core/Tensor.h>

#include "t3/alignment_analyzer.h"
#include "t3/attention_probe.h"
#include "t3/generation_state.h"
#include "t3/text_path.h"

namespace chatterbox::t3 {

// The reference's logit of what has to be drawn. Its negative keeps an id away.
inline constexpr float kCertain = 32768;

class StreamAnalysis {
 public:
  // `row`: the conditional one. With `analyze`, its heads are `heads`, too.
  StreamAnalysis(const AlignmentHeads& heads, int64_t row, const TextSpan& text,
                 const std::optional<AlignmentThresholds>& analyze, bool follow_text);

  [[nodiscard]] AttentionProbe& probe() { return probe_; }
  [[nodiscard]] const AttentionProbe& probe() const { return probe_; }
  // Whether it may change what is drawn.
  [[nodiscard]] bool intervenes() const { return analyzer_.has_value(); }
  // Before a draw: reads what the last pass attended to. The analyzer changes the guided logits
  // [vocabulary] where the end of speech must not or has to come; all is recorded.
  void observe(const at::Tensor& logits, Generation& generation);
  // The same of attention [queries, text tokens], where the logits are elsewhere: what shall become
  // of the end of speech.
  [[nodiscard]] EndOfSpeech follow(const std::vector<float>& attention, Generation& generation);
  // After the last draw.
  void finish(Generation& generation);

 private:
  [[nodiscard]] EndOfSpeech intervene(const std::vector<float>& attention, Generation& generation);

  AttentionProbe probe_;
  std::optional<AlignmentAnalyzer> analyzer_;
  std::optional<TextPath> path_;
};

}  // namespace chatterbox::t3
