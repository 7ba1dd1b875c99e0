// What the decode loop knows of each running sequence; the only thing that it mutates besides the
// KV cache.
#pragma once

#include <ATen/core/Generator.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "t3/alignment_analyzer.h"
#include "t3/quality.h"

namespace chatterbox::t3 {

// How a family of models draws (inference and inference_turbo of models/t3/t3.py).
enum class SamplingFamily {
  // English, multilingual: guidance, repetition penalty, temperature, min-p, top-p. The start of
  // speech counts as a drawn id. No top-k.
  kGuided,
  // Turbo, Nano: temperature, top-k, top-p, repetition penalty. The first token is not counted into
  // max_new_tokens and does not end the speech; the first draw alone penalises the start of speech.
  // No guidance, no min-p.
  kPlain,
  // Flash: not one token after the other, but a block of them at a time; see block_options.h.
  // Guidance and temperature, and nothing else.
  kBlocks,
};

// Ranges as in engine/request.h, validated there. Without effect in blocks, but for the first two.
// What the model's family has not must be 0.
struct SamplingOptions {
  float temperature = 0.8f;  // 0: greedy, the best after all other steps with a temperature of 1
  float cfg_weight = 0.5f;   // 0: one row, no guidance
  float min_p = 0.05f;
  float top_p = 1.0f;
  float repetition_penalty = 1.2f;
  int64_t top_k = 0;  // 0: all
};

// kFailed: Decoder::generation() throws the reason.
enum class Finish { kRunning, kEos, kMaxTokens, kFailed };

struct Generation {
  // As drawn, the end of speech included when it was reached. Of blocks: those of the finished
  // ones, without the end of speech, and with the mask's id where a position was never filled.
  std::vector<int64_t> tokens;
  Finish finish = Finish::kRunning;
  int64_t decode_steps = 0;                 // forward passes, of one position or of a block
  Quality quality;                          // what the tokens tell
  std::optional<AlignmentState> alignment;  // with the analyzer, after the latest step
  // Where the text is followed: the text token of each of the first tokens, start and stop counted;
  // of all tokens at the end. See TextPath.
  std::vector<int64_t> places;
  at::Generator generator;  // the request's own; S3Gen goes on drawing from it
};

}  // namespace chatterbox::t3
