#include "t3/alignment_analyzer.h"

#include <algorithm>

namespace chatterbox::t3 {
namespace {

struct LanguageThresholds {
  std::string_view language;
  AlignmentThresholds thresholds;
};

// The first line is for every language that has none of its own.
constexpr LanguageThresholds kLanguages[] = {{"", {}}};

}  // namespace

const AlignmentThresholds& alignment_thresholds(std::string_view language) {
  for (const LanguageThresholds& line : kLanguages) {
    if (line.language == language) return line.thresholds;
  }
  return kLanguages[0].thresholds;
}

AlignmentAnalyzer::AlignmentAnalyzer(const AlignmentThresholds& thresholds, int64_t text_tokens)
    : thresholds_(thresholds),
      text_tokens_(text_tokens),
      end_sums_(static_cast<size_t>(std::min(thresholds.end_tokens, text_tokens)), 0.0F) {}

const AlignmentState& AlignmentAnalyzer::update(const std::vector<float>& attention,
                                                int64_t last_token) {
  const auto rows = static_cast<int64_t>(attention.size()) / text_tokens_;
  // A step sees no token further on than its own number: speech starts with the first.
  const int64_t visible = std::min(steps_ + 1, text_tokens_);
  std::vector<float> row(static_cast<size_t>(text_tokens_), 0.0F);
  for (int64_t r = 0; r < rows; ++r) {
    std::copy_n(attention.begin() + r * text_tokens_, visible, row.begin());
    append(row.data());
  }
  update_position(row.data());
  update_start();
  update_completion();
  update_repetition(last_token);
  state_.end = decide();
  ++steps_;
  return state_;
}

void AlignmentAnalyzer::append(const float* row) {
  const float* end = row + text_tokens_;
  const auto strongest = [](const float* from, const float* to) {
    return from < to ? *std::max_element(from, to) : 0.0F;
  };
  ++rows_;
  const int64_t first = std::min(thresholds_.start_first_tokens, text_tokens_);
  first_tokens_max_ = std::max(first_tokens_max_, strongest(row, row + first));
  const int64_t last = std::min(thresholds_.start_last_tokens, text_tokens_);
  last_tokens_max_ = {last_tokens_max_[1], strongest(end - last, end)};
  if (!state_.complete) return;
  const float* tail = end - end_sums_.size();
  for (size_t i = 0; i < end_sums_.size(); ++i) end_sums_[i] += tail[i];
  const int64_t earlier = std::max<int64_t>(text_tokens_ - thresholds_.earlier_tokens_but, 0);
  earlier_sum_ += strongest(row, row + earlier);
}

void AlignmentAnalyzer::update_position(const float* last_row) {
  state_.attended = std::max_element(last_row, last_row + text_tokens_) - last_row;
  const int64_t moved = state_.attended - state_.position;
  state_.discontinuity = moved <= -thresholds_.max_back || moved >= thresholds_.max_ahead;
  if (!state_.discontinuity) state_.position = state_.attended;
  furthest_ = std::max(furthest_, state_.position);
}

void AlignmentAnalyzer::update_start() {
  const bool noise = std::max(last_tokens_max_[0], last_tokens_max_[1]) > thresholds_.start_noise;
  state_.false_start =
      !state_.started && (noise || first_tokens_max_ < thresholds_.start_attention);
  state_.started = !state_.false_start;
  if (state_.started && !state_.started_at) state_.started_at = rows_;
}

void AlignmentAnalyzer::update_completion() {
  state_.complete = state_.complete || state_.position >= text_tokens_ - thresholds_.end_tokens;
  if (!state_.complete) return;
  if (!state_.completed_at) state_.completed_at = rows_;
  const float tail = *std::max_element(end_sums_.begin(), end_sums_.end());
  state_.long_tail = tail >= thresholds_.long_tail;
  state_.alignment_repetition = earlier_sum_ > thresholds_.alignment_repetition;
}

void AlignmentAnalyzer::update_repetition(int64_t token) {
  ++tokens_;
  equal_tokens_ = tokens_ > 1 && token == last_token_ ? equal_tokens_ + 1 : 1;
  last_token_ = token;
  state_.token_repetition =
      tokens_ >= thresholds_.repetition_after && equal_tokens_ >= thresholds_.equal_tokens;
}

EndOfSpeech AlignmentAnalyzer::decide() const {
  if (state_.long_tail || state_.alignment_repetition || state_.token_repetition) {
    return EndOfSpeech::kForced;
  }
  const bool early = state_.attended < text_tokens_ - thresholds_.end_tokens;
  return early && text_tokens_ > thresholds_.free_end_tokens ? EndOfSpeech::kSuppressed
                                                             : EndOfSpeech::kKept;
}

float AlignmentAnalyzer::coverage() const {
  if (state_.complete) return 1;
  const int64_t spoken = std::max<int64_t>(text_tokens_ - 2, 1);
  return static_cast<float>(furthest_) / static_cast<float>(spoken);
}

}  // namespace chatterbox::t3
