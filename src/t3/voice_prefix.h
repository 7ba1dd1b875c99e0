// What a voice's sequences begin with, computed once and copied into their rows: the conditioning,
// and after it, where the family has guidance, the positions of the row without a text. That row
// depends on nothing but the voice, and no position on later ones: a shorter text needs the first
// of those that a longer one needs.
//
// Seconds of a prompt at the official sizes (fp32, 2 cores with AVX2): with all of it to compute,
// with the prefix found, and, for comparison, all positions of a sequence in one pass, where
// nothing could be shared:
//   English, text of 40 ids: 1.8, 0.75, 1.3; of 200: 6.6, 2.1, 4.6
//   Turbo, prompt of 375 tokens, text of 40 ids: 3.9, 0.46, 2.2
#pragma once

#include <cstdint>
#include <list>
#include <memory>

#include "t3/kv_cache.h"
#include "t3/model.h"

namespace chatterbox::t3 {

// How many of `total` positions follow `done` of them, where they are cut into as few chunks as
// have at most `most`, all of about one size.
[[nodiscard]] int64_t next_chunk(int64_t total, int64_t done, int64_t most);

class VoicePrefix {
 public:
  // Positions of a pass, at most. At the official size (fp32, 2 cores with AVX2), a position takes
  // 15 ms in a pass of 64, 11 in one of 128, and 10 in one of 256; a decode step of 16 rows, 310.
  static constexpr int64_t kChunk = 128;

  VoicePrefix(const Model& model, VoiceKey voice);

  [[nodiscard]] const VoiceKey& voice() const { return voice_; }
  [[nodiscard]] int64_t conditioning_positions() const { return conditioning_positions_; }
  // That are there.
  [[nodiscard]] int64_t positions() const { return kv_.length(0); }
  [[nodiscard]] int64_t bytes() const { return kv_.bytes(); }

  // Computes the next positions, in passes that are the same for all who need them.
  void advance(const Model& model);
  // Gives an empty row the first `count`.
  void copy_to(BatchKVCache& cache, int64_t row, int64_t count) const {
    cache.copy_row(row, kv_, 0, count);
  }

 private:
  [[nodiscard]] at::Tensor input(const Model& model, int64_t first, int64_t count) const;
  void reserve(const Model& model, int64_t positions);

  VoiceKey voice_;
  int64_t conditioning_positions_;
  BatchKVCache kv_;  // one row
};

// The prefixes of the voices that were used last, as many as the bytes allow.
class VoicePrefixCache {
 public:
  explicit VoicePrefixCache(int64_t max_bytes) : max_bytes_(max_bytes) {}

  // A voice's prefix, maybe an empty one, which is now the last used. `needed`: positions that the
  // caller will have computed where they are not there, for the statistics.
  [[nodiscard]] std::shared_ptr<VoicePrefix> find(const Model& model, const VoiceKey& voice,
                                                  int64_t needed);
  // Keeps one that has grown, and forgets those longest unused where the bytes do not suffice. Who
  // holds a forgotten one may go on with it.
  void keep(const std::shared_ptr<VoicePrefix>& prefix);
  [[nodiscard]] PrefixCacheStats stats() const;

 private:
  [[nodiscard]] int64_t bytes() const;

  int64_t max_bytes_;
  std::list<std::shared_ptr<VoicePrefix>> prefixes_;  // the last used first
  PrefixCacheStats stats_;
};

}  // namespace chatterbox::t3
