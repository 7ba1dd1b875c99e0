// From a memory limit to the size of the KV cache and of S3Gen's batches.
#pragma once

#include <cstdint>
#include <optional>

#include "runtime/model_catalog.h"

namespace chatterbox::runtime {

struct MemoryNeeds {
  int64_t position_bytes = 0;  // KV cache of one row and one position
  int64_t max_positions = 0;   // of the longest request that the model allows
  int64_t max_rows = 0;        // of as many requests as may run at a time
  // Beside them, what a decode step works on: of each row, and of each of its positions; and of a
  // graph that does the step again. None on a CPU.
  int64_t step_row_bytes = 0;
  int64_t step_position_bytes = 0;
  int64_t graph_bytes = 0;
};

// How many requests may draw tokens at a time, and what that takes.
struct BatchNeeds {
  std::optional<int64_t> requests;  // unset: by the memory, on a device
  bool on_device = false;
  int64_t rows_of_request = 1;  // at most
};
// Of requests, as many as are asked for: max_rows does not count. On a device by default as many as
// the limit has rows for that are twice as long as usual, but no fewer than on a CPU.
[[nodiscard]] CacheLimits plan_memory(int64_t limit, MemoryNeeds needs, const BatchNeeds& batch);

// Rows for the longest request where they fit; else rows as long as the limit gives, but rather
// fewer of them than such that are too short for a usual request. Throws kOutOfMemory where not
// even a short one fits.
[[nodiscard]] CacheLimits plan_memory(int64_t limit, const MemoryNeeds& needs);

}  // namespace chatterbox::runtime
