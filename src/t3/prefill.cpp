#include "t3/prefill.h"

#include <ATen/ops/cat.h>

namespace chatterbox::t3 {

Prefill::Prefill(const Model& model, const SequenceOptions& options, std::vector<int64_t> rows)
    : model_(&model),
      voice_{options.voice->speaker_emb, options.voice->prompt_tokens,
             model.limits().guided() ? options.exaggeration : 0},
      text_ids_(options.text_ids),
      rows_(std::move(rows)),
      conditioning_positions_(model.embedder().conditioning_positions(voice_)),
      text_positions_(static_cast<int64_t>(text_ids_.size()) + model.limits().text_framing) {}

at::Tensor Prefill::next(BatchKVCache& cache, VoicePrefixCache& prefixes, const Probes& probes) {
  if (!tail_.defined() && !begin(cache, prefixes)) return {};
  return next_of_tail(cache, probes);
}

bool Prefill::begin(BatchKVCache& cache, VoicePrefixCache& prefixes) {
  const bool shared = guided() && model_->limits().guidance_keeps_voice();
  const int64_t needed = conditioning_positions_ + (shared ? text_positions_ : 0);
  if (!prefix_) prefix_ = prefixes.find(*model_, voice_, needed);
  if (prefix_->positions() < needed) {
    prefix_->advance(*model_);
    prefixes.keep(prefix_);
    return false;
  }
  prefix_->copy_to(cache, rows_.front(), conditioning_positions_);
  if (shared) {
    prefix_->copy_to(cache, rows_.back(), needed);
  } else if (guided()) {
    // No layer has a bias: where the input is zero, keys and values are, too.
    cache.zero_row(rows_.back(), conditioning_positions_ + text_positions_);
  }
  prefix_.reset();
  const Embedder& embedder = model_->embedder();
  tail_ = at::cat({embedder.text(text_ids_), embedder.starts_of_speech()});
  return true;
}

// The row of guidance joins the last chunk: it has nothing left but the starts of speech.
at::Tensor Prefill::next_of_tail(BatchKVCache& cache, const Probes& probes) {
  const Backbone& backbone = model_->backbone();
  const int64_t starts = model_->limits().starts_of_speech;
  const int64_t before = cache.length(rows_.front());
  const int64_t done = before - conditioning_positions_;
  const int64_t count =
      next_chunk(tail_positions(), done, VoicePrefix::kChunk - (guided() ? starts : 0));
  at::Tensor x = tail_.narrow(0, done, count);
  std::vector<Segment> segments = {{rows_.front(), count}};
  if (done + count < tail_positions()) {
    backbone.fill(x, segments, cache);
    return {};
  }
  if (guided()) {
    x = at::cat({x, model_->embedder().starts_of_speech()});
    segments.push_back({rows_.back(), starts});
  }
  try {
    return model_->logits(backbone.extend(x, segments, cache, probes));
  } catch (...) {  // maybe after the rows were extended
    cache.set_length(rows_.front(), before);
    if (guided()) cache.set_length(rows_.back(), conditioning_positions_ + text_positions_);
    throw;
  }
}

}  // namespace chatterbox::t3
