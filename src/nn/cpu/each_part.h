// Long computations in parts, between which they may be ended.
#pragma once

#include <ATen/Parallel.h>

#include <atomic>
#include <cstdint>

#include "support/interruption.h"

namespace chatterbox::nn::cpu {

// Calls `work` for each of `count` parts, on libtorch's threads. Before each of its own, the
// calling thread comes to an interruption point; where that throws, no thread begins another part.
template <class Work>
void for_each_part(int64_t count, const Work& work) {
  std::atomic<bool> stopped{false};
  at::parallel_for(0, count, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end && !stopped; ++i) {
      try {
        interruption_point();
      } catch (...) {
        stopped = true;
        throw;
      }
      work(i);
    }
  });
}

// Parts into which the queries of one head are divided, so that none takes tens of milliseconds
// however long a recording is: up to 4096 frames one, which reads the keys once.
[[nodiscard]] inline int64_t attention_parts(int64_t queries, int64_t keys) {
  constexpr int64_t kScoresOfAPart = int64_t{1} << 24U;
  return 1 + (queries * keys - 1) / kScoresOfAPart;
}

}  // namespace chatterbox::nn::cpu
