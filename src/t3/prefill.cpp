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
  if (reaches_tail(cache, prefixes)) return next_of_tail(cache, probes);
  prefix_->advance(*model_);
  prefixes.keep(prefix_);
  return {};
}

int64_t Prefill::needed() const {
  return conditioning_positions_ + (shares_prefix() ? text_positions_ : 0);
}

bool Prefill::reaches_tail(BatchKVCache& cache, VoicePrefixCache& prefixes) {
  if (tail_.defined()) return true;
  if (!prefix_) prefix_ = prefixes.find(*model_, voice_, needed());
  if (prefix_->positions() < needed()) return false;
  prefix_->copy_to(cache, rows_.front(), conditioning_positions_);
  if (shares_prefix()) {
    prefix_->copy_to(cache, rows_.back(), needed());
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
Prefill::Chunk Prefill::next_chunk_of_tail(const BatchKVCache& cache) const {
  const int64_t starts = model_->limits().starts_of_speech;
  const int64_t done = cache.length(rows_.front()) - conditioning_positions_;
  const int64_t count =
      next_chunk(tail_positions(), done, VoicePrefix::kChunk - (guided() ? starts : 0));
  Chunk chunk{tail_.narrow(0, done, count), {{rows_.front(), count}}};
  chunk.last = done + count == tail_positions();
  if (chunk.last && guided()) {
    chunk.x = at::cat({chunk.x, model_->embedder().starts_of_speech()});
    chunk.segments.push_back({rows_.back(), starts});
  }
  return chunk;
}

at::Tensor Prefill::next_of_tail(BatchKVCache& cache, const Probes& probes) {
  const Backbone& backbone = model_->backbone();
  const int64_t before = cache.length(rows_.front());
  const Chunk chunk = next_chunk_of_tail(cache);
  if (!chunk.last) {
    backbone.fill(chunk.x, chunk.segments, cache);
    return {};
  }
  try {
    return model_->logits(backbone.extend(chunk.x, chunk.segments, cache, probes));
  } catch (...) {  // maybe after the rows were extended
    cache.set_length(rows_.front(), before);
    if (guided()) cache.set_length(rows_.back(), conditioning_positions_ + text_positions_);
    throw;
  }
}

}  // namespace chatterbox::t3
