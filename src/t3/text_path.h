// Where in the text each speech token is, by what a model's heads attend to when it is drawn: the
// likeliest way through the text that never goes back. Torch-free.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

namespace chatterbox::t3 {

class TextPath {
 public:
  // Steps that a place waits for what follows it before it is decided, so that one that looks
  // elsewhere for a moment does not move it. Less than what S3Gen waits for behind a chunk
  // (engine::kMinChunkTokens), so that a chunk's places are known when it is spoken.
  static constexpr int64_t kLag = 5;
  // Text tokens that one step may go on: as many as the alignment analyzer lets it
  // (AlignmentThresholds::max_ahead). Speech goes on by one or less.
  static constexpr int64_t kMaxAhead = 7;

  // Of a text of at least one token.
  explicit TextPath(int64_t text_tokens);

  // The next step's attention to each token of the text, in [0, 1].
  void update(const float* attention);
  // No more steps come: decides the rest.
  void finish();
  // Index of the text token of each step that is decided. Never falls. What is decided stays, and
  // depends on the steps up to kLag behind it alone.
  [[nodiscard]] const std::vector<int64_t>& places() const { return places_; }

 private:
  void decide(int64_t steps_left);

  std::vector<double> scores_;                // of the best way to each token, up to the last step
  std::deque<std::vector<int64_t>> origins_;  // of undecided steps: where the best ways come from
  std::vector<int64_t> places_;
};

}  // namespace chatterbox::t3
