// From the places of speech tokens in the text to the times of its words. Torch-free.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "runtime/task.h"

namespace chatterbox::runtime {

// What T3 has drawn so far, and where it was in the text.
struct DrawnSpeech {
  const std::vector<int64_t>& tokens;
  const std::vector<int64_t>& places;  // of the first of them, in the text's ids; never falls
  int64_t vocabulary = 0;              // S3Gen's: other tokens are not spoken
};

// The words that the speech has left behind it. A word begins with the first token in its place or
// behind it, and ends with the first one behind it.
[[nodiscard]] std::vector<Word> words_so_far(const std::vector<text::TextWord>& words,
                                             const DrawnSpeech& drawn);

// All words of a speech that is complete, `spoken` tokens in all, the last ones that were drawn.
// One that `ended` by itself has spoken its text to the end; of another, words that were not begun
// are left out.
[[nodiscard]] std::vector<Word> words_of_speech(const std::vector<text::TextWord>& words,
                                                const DrawnSpeech& drawn, int64_t spoken,
                                                bool ended);

}  // namespace chatterbox::runtime
