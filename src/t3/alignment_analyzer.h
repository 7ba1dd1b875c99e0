// Follows speech along its text by the attention of a few heads, and says when the end of speech
// must not come yet or has to come now. Torch-free; one analyzer a sequence, so a batch's analyzer
// is as many of these as it has sequences that asked for one.
//
// The decisions are those of AlignmentStreamAnalyzer in chatterbox-tts 0.1.7
// (models/t3/inference/alignment_stream_analyzer.py), and go on where it fails: it does when a text
// of at most five tokens, start and stop included, is complete.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "t3/alignment_heads.h"

namespace chatterbox::t3 {

// What is looked at, and when it means what. Defaults: the reference's. Tokens and positions are
// those of the text with its start and stop; attention is the mean of the heads, in [0, 1]; a step
// is a speech token, 40 ms.
struct AlignmentThresholds {
  AlignmentHeads heads = {{{12, 15}, {13, 11}, {9, 2}}};

  // The position moves by more than -max_back and less than max_ahead, or it stays where it was.
  int64_t max_back = 4;
  int64_t max_ahead = 7;

  // Speech has started once none of the last `start_last_tokens` had more than `start_noise` in the
  // last two steps, and one of the first `start_first_tokens` has had `start_attention`.
  int64_t start_last_tokens = 2;
  float start_noise = 0.1F;
  int64_t start_first_tokens = 4;
  float start_attention = 0.5F;

  // The text is complete once the position is among the last `end_tokens`. Before that, the end of
  // speech is suppressed, in texts of more than `free_end_tokens` tokens.
  int64_t end_tokens = 3;
  int64_t free_end_tokens = 5;

  // Long tail: one of the last `end_tokens` had this much attention in all after completion.
  float long_tail = 5;
  // Alignment repetition: the steps after completion attended more than this in all, each counted
  // by its strongest attention to any token but the last `earlier_tokens_but`.
  int64_t earlier_tokens_but = 5;
  float alignment_repetition = 5;

  // Token repetition: this many equal speech tokens in a row, once `repetition_after` were seen,
  // the start of speech being the first.
  int64_t equal_tokens = 2;
  int64_t repetition_after = 3;
};

// The thresholds of a language ("de"). The reference has one set for all.
[[nodiscard]] const AlignmentThresholds& alignment_thresholds(std::string_view language);

// What a step means for the end of speech.
enum class EndOfSpeech { kKept, kSuppressed, kForced };

// After a step. `started_at` and `completed_at` count rows of attention, of which the first step
// has two: one more than steps.
struct AlignmentState {
  int64_t attended = 0;        // the token that this step attends to most
  bool discontinuity = false;  // too far from `position`
  int64_t position = 0;        // the last one reached without discontinuity
  bool false_start = false;    // what was spoken so far may not be the text
  bool started = false;
  std::optional<int64_t> started_at;
  bool complete = false;
  std::optional<int64_t> completed_at;
  bool long_tail = false;
  bool alignment_repetition = false;
  bool token_repetition = false;
  EndOfSpeech end = EndOfSpeech::kKept;
};

class AlignmentAnalyzer {
 public:
  // `text_tokens`: with start and stop, at least 1.
  AlignmentAnalyzer(const AlignmentThresholds& thresholds, int64_t text_tokens);

  // Before a token is drawn. `attention` [rows, text_tokens]: two rows at the first step, the
  // prompt's two starts of speech; then one. `last_token`: the one before, at first the start of
  // speech.
  const AlignmentState& update(const std::vector<float>& attention, int64_t last_token);
  [[nodiscard]] const AlignmentState& state() const { return state_; }
  // Share of the text's tokens up to the furthest position, start and stop not counted; 1 once it
  // is complete.
  [[nodiscard]] float coverage() const;

 private:
  void append(const float* row);
  void update_position(const float* last_row);
  void update_start();
  void update_completion();
  void update_repetition(int64_t token);
  [[nodiscard]] EndOfSpeech decide() const;

  AlignmentThresholds thresholds_;
  int64_t text_tokens_;
  AlignmentState state_;
  int64_t steps_ = 0;
  int64_t rows_ = 0;
  int64_t furthest_ = 0;
  float first_tokens_max_ = 0;                     // over all rows
  std::array<float, 2> last_tokens_max_ = {0, 0};  // of the row before, of the last row
  std::vector<float> end_sums_;                    // since completion, per token of the end
  float earlier_sum_ = 0;                          // since completion
  int64_t last_token_ = -1;
  int64_t equal_tokens_ = 0;
  int64_t tokens_ = 0;
};

}  // namespace chatterbox::t3
