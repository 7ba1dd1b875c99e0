#include "engine/join_results.h"

#include <algorithm>

namespace chatterbox::engine {
namespace {

void add(const Timings& from, Timings& to) {
  to.queued += from.queued;
  to.text += from.text;
  to.prefill += from.prefill;
  to.decode += from.decode;
  to.flow += from.flow;
  to.vocoder += from.vocoder;
  to.watermark += from.watermark;
}

void add(const Quality& from, Quality& to) {
  to.peak = std::max(to.peak, from.peak);
  to.clipped_samples += from.clipped_samples;
  to.longest_repetition = std::max(to.longest_repetition, from.longest_repetition);
  if (from.text_coverage) {
    to.text_coverage = std::min(to.text_coverage.value_or(1), *from.text_coverage);
  }
}

}  // namespace

void add_piece(const Result& piece, Result& whole) {
  whole.seed = piece.seed;
  whole.audio.sample_rate = piece.audio.sample_rate;
  if (piece.finish_reason == FinishReason::kMaxTokens) whole.finish_reason = piece.finish_reason;
  whole.text_tokens += piece.text_tokens;
  whole.speech_tokens += piece.speech_tokens;
  whole.decode_steps += piece.decode_steps;
  add(piece.timings, whole.timings);
  add(piece.quality, whole.quality);
}

}  // namespace chatterbox::engine
