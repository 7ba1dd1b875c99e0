// All that a step of T3 on a device needs of the host: each sequence's draw, and where its rows go
// on. It travels in one copy, to one place for each kind of step, so that a step can be recorded
// and replayed.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <vector>

#include "t3/alignment_analyzer.h"
#include "t3/sampler.h"

namespace chatterbox::t3 {

// A row of the cache that goes on with what its sequence draws.
struct StepRow {
  int64_t row = 0, position = 0;
  int64_t place = 0;     // of the drawn token; see Embedder::speech()
  int64_t sequence = 0;  // of the plan's
};

struct StepSequence {
  int64_t conditional = 0, unconditional = 0;  // rows of the cache
  int64_t first_row = 0;                       // of the plan's: the conditional one
  SamplingOptions sampling;
  const double* uniform = nullptr;  // [vocabulary] random numbers in [0, 1); null: it is greedy
  bool first_draw = false;
  bool analysed = false;  // its end of speech may be kept away or forced
  EndOfSpeech end = EndOfSpeech::kKept;
  const AlignmentHeads* watched = nullptr;  // or null
};

struct StepPlan {
  std::vector<StepRow> rows;
  std::vector<StepSequence> sequences;
};

// What a step's shapes and operators depend on. Rows and sequences are filled up to a power of two,
// or to the cache's rows, with copies of the first, whose work is then done more than once, with
// the same result; positions to kPositions times a power of two, or half as much again: so there
// are few kinds.
struct StepKind {
  static constexpr int64_t kPositions = 128;

  int64_t rows = 0, sequences = 0;
  int64_t positions = 0;  // at least those of any row after the step
  UsedFilters filters;
  bool analysed = false;         // any sequence is
  std::vector<int64_t> watched;  // layers, ascending

  [[nodiscard]] std::vector<int64_t> key() const;
};
// Of a cache with so many rows, of so many positions.
[[nodiscard]] StepKind kind_of(const StepPlan& plan, int64_t cache_rows, int64_t cache_positions);

// Of a kind, the numbers of one copy.
[[nodiscard]] int64_t packed_size(const StepKind& kind, int64_t vocabulary);
// [packed_size], fp64, in memory that a copy need not wait for. All numbers are exact.
[[nodiscard]] at::Tensor pack(const StepPlan& plan, const StepKind& kind, int64_t vocabulary);

// The same on the device.
struct StepInput {
  at::Tensor rows, positions, places, sequences;     // [R] int64
  at::Tensor conditional, unconditional, first_row;  // [B] int64
  // Of the heads that are watched: index into the kind's layers, layer, head. [B, heads] int64
  std::array<at::Tensor, 3> watched;
  at::Tensor guidance;                        // [B, 1] fp32
  WarpOptions warping;                        // [B, 1] each
  at::Tensor first_draw, suppressed, forced;  // [B, 1] bool
  at::Tensor greedy;                          // [B, 1] bool
  at::Tensor uniform;                         // [B, vocabulary] fp64
};
[[nodiscard]] StepInput unpack(const at::Tensor& packed, const StepKind& kind, int64_t vocabulary);

}  // namespace chatterbox::t3
