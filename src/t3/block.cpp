#include "t3/block.h"

#include <algorithm>
#include <utility>

#include "t3/special_tokens.h"

namespace chatterbox::t3 {

Block::Block(const BlockOptions& options, int64_t mask, int64_t budget, at::Tensor prior)
    : options_(options), mask_(mask), budget_(budget), prior_(std::move(prior)) {
  begin();
}

void Block::begin() {
  tokens_.assign(static_cast<size_t>(std::min(options_.size, budget_ - first_)), mask_);
  schedule_ = unmasking_schedule(size(), options_);
  pass_ = 0;
}

void Block::next() {
  first_ += size();
  ++index_;
  begin();
}

int64_t Block::filled() const { return size() - std::count(tokens_.begin(), tokens_.end(), mask_); }

std::optional<size_t> Block::end_of_speech() const {
  const auto end = std::find(tokens_.begin(), tokens_.end(), kStopSpeech);
  if (end == tokens_.end()) return std::nullopt;
  return static_cast<size_t>(end - tokens_.begin());
}

bool Block::done() const {
  const auto end = end_of_speech();
  if (end && !options_.fill_before_end) return true;
  const auto last = end ? tokens_.begin() + static_cast<std::ptrdiff_t>(*end) : tokens_.end();
  return std::find(tokens_.begin(), last, mask_) == last;
}

BlockPass Block::fill(const Proposal& proposal) {
  std::vector<size_t> masked;
  std::vector<float> scores;  // of these, with the noise
  for (size_t i = 0; i < tokens_.size(); ++i) {
    if (tokens_[i] != mask_) continue;
    masked.push_back(i);
    scores.push_back(proposal.scores[i] + proposal.noise[i]);
  }
  const auto left = static_cast<int64_t>(masked.size());
  const int64_t scheduled = schedule_[static_cast<size_t>(pass_)];
  const bool last = pass_ + 1 == options_.passes;
  const int64_t early = last ? 0 : early_count(scores, pass_, options_);
  const int64_t count = last ? left : std::min(std::max(scheduled, early), left);
  for (const size_t i : highest(scores, count)) tokens_[masked[i]] = proposal.tokens[masked[i]];
  return {index_, pass_++, left, scheduled, early, count};
}

}  // namespace chatterbox::t3
