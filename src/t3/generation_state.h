// What the decode loop knows of each running sequence; the only thing that it mutates besides the
// KV cache.
#pragma once

#include <ATen/core/Generator.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "t3/alignment_analyzer.h"

namespace chatterbox::t3 {

// Ranges as in chatterbox::Request, validated there.
struct SamplingOptions {
  float temperature = 0.8f;  // 0: greedy
  float cfg_weight = 0.5f;   // 0: one row, no guidance
  float min_p = 0.05f;
  float top_p = 1.0f;
  float repetition_penalty = 1.2f;
};

// kFailed: Decoder::generation() throws the reason.
enum class Finish { kRunning, kEos, kMaxTokens, kFailed };

// What the alignment analyzer did: it kept the end of speech away, or called it for a reason.
enum class Intervention { kEndSuppressed, kLongTail, kAlignmentRepetition, kTokenRepetition };

struct InterventionSpan {
  Intervention kind;
  int64_t first_step;  // index of the token that it decided on
  int64_t steps;       // how many in a row
};

struct Quality {
  int64_t longest_repetition = 0;  // most equal tokens in a row
  // With the analyzer, after the latest step:
  std::vector<InterventionSpan> interventions;  // in the order of their steps
  std::optional<AlignmentState> alignment;
  std::optional<float> text_coverage;  // share of the text that was reached, 0 to 1
};

struct Generation {
  std::vector<int64_t> tokens;  // as drawn, the end of speech included when it was reached
  Finish finish = Finish::kRunning;
  int64_t decode_steps = 0;  // forward passes of one position
  Quality quality;
  at::Generator generator;  // the request's own; S3Gen goes on drawing from it
};

}  // namespace chatterbox::t3
