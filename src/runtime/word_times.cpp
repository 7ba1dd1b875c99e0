#include "runtime/word_times.h"

#include <algorithm>

namespace chatterbox::runtime {
namespace {

constexpr double kTokensPerSecond = 25;

// A clock that tokens drive.
class SpokenTime {
 public:
  // The first `dropped` tokens of S3Gen's are not spoken.
  SpokenTime(const DrawnSpeech& drawn, int64_t dropped) : drawn_(drawn) {
    int64_t spoken = -dropped;
    for (const int64_t token : drawn.tokens) {
      before_.push_back(std::max<int64_t>(spoken, 0));
      if (token < drawn.vocabulary) ++spoken;
    }
    all_ = std::max<int64_t>(spoken, 0);
  }

  // Tokens that were spoken when the speech reached this place of the text. Nothing: it has not, as
  // far as is known.
  [[nodiscard]] std::optional<int64_t> when_reached(int64_t place) const {
    const auto& places = drawn_.places;
    const auto first = std::lower_bound(places.begin(), places.end(), place);
    if (first == places.end()) return std::nullopt;
    return before_[static_cast<size_t>(first - places.begin())];
  }
  [[nodiscard]] int64_t all() const { return all_; }

 private:
  const DrawnSpeech& drawn_;
  std::vector<int64_t> before_;  // of each token: how many were spoken before it
  int64_t all_ = 0;
};

Word word_at(const text::TextWord& word, int64_t begin, int64_t end) {
  return {word.begin, word.end, static_cast<double>(begin) / kTokensPerSecond,
          static_cast<double>(end) / kTokensPerSecond};
}

}  // namespace

std::vector<Word> words_so_far(const std::vector<text::TextWord>& words, const DrawnSpeech& drawn) {
  const SpokenTime time(drawn, 0);
  std::vector<Word> known;
  for (const text::TextWord& word : words) {
    const auto end = time.when_reached(word.end_token);
    if (!end) break;
    known.push_back(word_at(word, *time.when_reached(word.first_token), *end));
  }
  return known;
}

std::vector<Word> words_of_speech(const std::vector<text::TextWord>& words,
                                  const DrawnSpeech& drawn, int64_t spoken, bool ended) {
  const int64_t known = SpokenTime(drawn, 0).all();
  const SpokenTime time(drawn, std::max<int64_t>(known - spoken, 0));
  std::vector<Word> all;
  for (const text::TextWord& word : words) {
    const auto begin = time.when_reached(word.first_token);
    if (!begin && !ended) break;
    const int64_t end = time.when_reached(word.end_token).value_or(time.all());
    all.push_back(word_at(word, begin.value_or(time.all()), end));
  }
  return all;
}

}  // namespace chatterbox::runtime
