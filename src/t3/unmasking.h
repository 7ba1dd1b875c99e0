// Which of a block's masked positions a pass fills: by how many, and by their scores. Torch-free.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "t3/block_options.h"

namespace chatterbox::t3 {

// One pass: which it was, and how many positions it could have filled, had to by the schedule,
// might by their scores, and did.
struct BlockPass {
  int64_t block = 0, pass = 0, masked = 0, scheduled = 0, early = 0, filled = 0;
};

// How many positions of a block of `size` each pass fills at least:
// t = s r / (1 + (s - 1) r), with r the share of the passes that are done and s the shift, is the
// share of positions that are filled by then.
[[nodiscard]] std::vector<int64_t> unmasking_schedule(int64_t size, const BlockOptions& options);

// How many of the scores reach their quantile of 1 - tau (pass + 1) / passes. 0 without early
// decoding, and without scores.
[[nodiscard]] int64_t early_count(const std::vector<float>& scores, int64_t pass,
                                  const BlockOptions& options);

// The quantile of scores as torch.quantile interpolates it; there is at least one.
[[nodiscard]] float quantile(std::vector<float> scores, double share);

// The places of the `count` highest scores, the first of equal ones, in ascending order.
[[nodiscard]] std::vector<size_t> highest(const std::vector<float>& scores, int64_t count);

}  // namespace chatterbox::t3
