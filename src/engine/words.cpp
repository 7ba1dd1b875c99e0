#include "engine/words.h"

#include <algorithm>
#include <cmath>

namespace chatterbox::engine {

std::vector<Word> DeliveredWords::next(const std::vector<Word>& words, int64_t count,
                                       int32_t sample_rate, bool last) {
  samples_ += count;
  std::vector<Word> due;
  for (; given_ < words.size(); ++given_) {
    Word word = words[given_];
    if (std::llround(word.end * sample_rate) > samples_) {
      if (!last) break;
      word.end = static_cast<double>(samples_) / sample_rate;
      word.begin = std::min(word.begin, word.end);
    }
    due.push_back(word);
  }
  return due;
}

}  // namespace chatterbox::engine
