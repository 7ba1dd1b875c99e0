// What can be told of a result without listening to it. Torch-free.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace chatterbox {

// What the alignment analyzer did: it kept the end of speech away from a text that was not
// finished, or ended the speech, for one of the other reasons. The numbers are
// CHATTERBOX_INTERVENTION_...
enum class Intervention : int32_t {
  kEndSuppressed = 0,
  kLongTail = 1,             // it stayed at the text's end
  kAlignmentRepetition = 2,  // it went back into the finished text
  kTokenRepetition = 3,      // it drew the same token again and again
};
struct InterventionSpan {
  Intervention kind = Intervention::kEndSuppressed;
  int64_t first_step = 0;  // index of the first speech token that it decided on
  int64_t steps = 0;       // how many tokens in a row
};

struct Quality {
  float peak = 0;                  // largest magnitude of a sample
  int64_t clipped_samples = 0;     // at the limit of the vocoder, a magnitude of 0.99
  int64_t longest_repetition = 0;  // most equal speech tokens in a row
  // Where the alignment was analyzed:
  std::optional<float> text_coverage = std::nullopt;  // share of the text that was spoken, 0 to 1
  std::vector<InterventionSpan> interventions = {};   // in the order of their steps
};

}  // namespace chatterbox
