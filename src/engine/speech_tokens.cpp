#include "engine/speech_tokens.h"

#include <algorithm>
#include <iterator>

namespace chatterbox::engine {

std::vector<int64_t> valid_speech_tokens(const std::vector<int64_t>& drawn) {
  auto begin = drawn.begin();
  auto end = drawn.end();
  if (std::count(begin, end, kStartOfSpeech) == 1) {
    begin = std::next(std::find(begin, end, kStartOfSpeech));
  }
  end = std::find(begin, end, kEndOfSpeech);
  std::vector<int64_t> valid;
  std::copy_if(begin, end, std::back_inserter(valid),
               [](int64_t token) { return token < kSpeechVocabulary; });
  return valid;
}

}  // namespace chatterbox::engine
