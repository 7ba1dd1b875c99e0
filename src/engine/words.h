// Which words are handed out with which samples.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/task.h"

namespace chatterbox::engine {

// A function of the words and the samples alone: a stream has the same words with each chunk at any
// load.
class DeliveredWords {
 public:
  // Of `words`, of which more and more are known, those that end with the next `count` samples;
  // with the `last` samples all that are left, cut to the end.
  [[nodiscard]] std::vector<Word> next(const std::vector<Word>& words, int64_t count,
                                       int32_t sample_rate, bool last);

 private:
  size_t given_ = 0;
  int64_t samples_ = 0;
};

}  // namespace chatterbox::engine
