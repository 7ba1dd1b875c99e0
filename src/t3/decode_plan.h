// What a decode step needs besides the model: made by the host once a step. A device gets it in one
// copy, and from there on needs nothing of the host, so that a step can be captured and replayed.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <vector>

#include "t3/kv_cache.h"

namespace chatterbox::t3 {

// One position for each of R rows.
struct DecodePlan {
  std::vector<int64_t> rows, positions;  // of the cache; the rows' positions before the step
  // Where the model is, [R'] int64: what the host knows, filled up with copies of the first row.
  at::Tensor tokens, places;               // to be embedded; see Embedder::speech()
  at::Tensor cache_rows, cache_positions;  // on a device alone
  int64_t longest = 0;                     // at least the positions of any row after the step

  [[nodiscard]] int64_t size() const { return static_cast<int64_t>(rows.size()); }
};

// The plans of one cache. On a device a plan has 1, 2, 4, 8, ... rows and its `longest` is a
// multiple of kPositions, so that there are few kinds of steps; a kind of so many rows has its
// place in memory, and the next plan of it overwrites the last.
class DecodePlanner {
 public:
  static constexpr int64_t kPositions = 128;

  // tokens[i], drawn as the one of index indices[i], is what row rows[i] goes on with.
  [[nodiscard]] DecodePlan plan(const std::vector<int64_t>& rows,
                                const std::vector<int64_t>& tokens,
                                const std::vector<int64_t>& indices, const BatchKVCache& cache);

 private:
  std::map<int64_t, at::Tensor> buffers_;  // [4, R'], by R'
};

}  // namespace chatterbox::t3
