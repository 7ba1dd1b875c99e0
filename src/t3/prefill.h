// A sequence's prompt on its way into the KV cache, chunk by chunk, so that a long one does not
// hold up the sequences that run. Which positions make a chunk depends on the sequence alone, and
// so do the bits of what it computes.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <vector>

#include "t3/kv_cache.h"
#include "t3/model.h"
#include "t3/voice_prefix.h"

namespace chatterbox::t3 {

class Prefill {
 public:
  // `rows`: of the cache, empty: the conditional one and, with guidance, the other one.
  Prefill(const Model& model, const SequenceOptions& options, std::vector<int64_t> rows);

  // Of each row, when done.
  [[nodiscard]] int64_t positions() const { return conditioning_positions_ + tail_positions(); }
  // Whether the next chunk is one of the prompt's own, behind what the voice begins with: for that
  // it takes what the prefix cache has, and computes nothing.
  [[nodiscard]] bool reaches_tail(BatchKVCache& cache, VoicePrefixCache& prefixes);
  // Such a chunk: what the backbone is to append to which rows.
  struct Chunk {
    at::Tensor x;
    std::vector<Segment> segments;
    bool last = false;
  };
  [[nodiscard]] Chunk next_chunk_of_tail(const BatchKVCache& cache) const;

  // Computes the next chunk. The logits that the first draw is made from, [rows, vocabulary], once
  // it was the last chunk; undefined before. After an exception the chunk may be tried again.
  at::Tensor next(BatchKVCache& cache, VoicePrefixCache& prefixes, const Probes& probes = {});

 private:
  [[nodiscard]] int64_t tail_positions() const {
    return text_positions_ + model_->limits().starts_of_speech;
  }
  [[nodiscard]] bool guided() const { return rows_.size() > 1; }
  // Of the prefix, that the rows need.
  [[nodiscard]] int64_t needed() const;
  [[nodiscard]] bool shares_prefix() const {
    return guided() && model_->limits().guidance_keeps_voice();
  }
  at::Tensor next_of_tail(BatchKVCache& cache, const Probes& probes);

  const Model* model_;
  VoiceKey voice_;
  std::vector<int64_t> text_ids_;
  std::vector<int64_t> rows_;
  int64_t conditioning_positions_, text_positions_;
  std::shared_ptr<VoicePrefix> prefix_;  // while it is needed
  at::Tensor tail_;                      // of the conditional row, [T, C]; undefined: not begun
};

}  // namespace chatterbox::t3
