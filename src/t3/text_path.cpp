#include "t3/text_path.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace chatterbox::t3 {
namespace {

// Added to each attention: a token that heads look past for a step is unlikely, not impossible.
constexpr double kFloor = 0.01;

}  // namespace

// Before the first step, speech is in front of the text.
TextPath::TextPath(int64_t text_tokens)
    : scores_(static_cast<size_t>(text_tokens), -std::numeric_limits<double>::infinity()) {
  scores_.front() = 0;
}

// Viterbi's recursion. Every move within reach is as likely as any other.
void TextPath::update(const float* attention) {
  const auto tokens = static_cast<int64_t>(scores_.size());
  std::vector<double> scores(scores_.size());
  std::vector<int64_t> origins(scores_.size());
  for (int64_t to = 0; to < tokens; ++to) {
    const auto first = scores_.begin() + std::max<int64_t>(to - kMaxAhead, 0);
    const auto best = std::max_element(first, scores_.begin() + to + 1);
    const double seen = std::max(attention[to], 0.0F);  // 0 also where it is no number
    scores[static_cast<size_t>(to)] = *best + std::log(seen + kFloor);
    origins[static_cast<size_t>(to)] = best - scores_.begin();
  }
  scores_ = std::move(scores);
  origins_.push_back(std::move(origins));
  decide(kLag);
}

void TextPath::finish() { decide(0); }

// All steps but the last `steps_left`, each by the way that is the likeliest now. It may have left
// an earlier one that was decided by; then it is joined where it does not go back.
void TextPath::decide(int64_t steps_left) {
  const auto undecided = static_cast<int64_t>(origins_.size());
  if (undecided <= steps_left) return;
  int64_t place = std::max_element(scores_.begin(), scores_.end()) - scores_.begin();
  std::vector<int64_t> decided(static_cast<size_t>(undecided - steps_left));
  for (int64_t step = undecided - 1; step >= 0; --step) {
    if (step < undecided - steps_left) decided[static_cast<size_t>(step)] = place;
    place = origins_[static_cast<size_t>(step)][static_cast<size_t>(place)];
  }
  for (const int64_t one : decided) {
    places_.push_back(places_.empty() ? one : std::max(places_.back(), one));
    origins_.pop_front();
  }
}

}  // namespace chatterbox::t3
