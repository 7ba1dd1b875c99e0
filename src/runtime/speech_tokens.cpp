#include "runtime/speech_tokens.h"

#include <algorithm>
#include <iterator>

namespace chatterbox::runtime {

namespace {

// models/s3gen/const.py, S3GEN_SIL; tts_turbo.py appends three.
constexpr int64_t kSilence = 4299;
constexpr size_t kSilentTokens = 3;

std::vector<int64_t> known(std::vector<int64_t>::const_iterator begin,
                           std::vector<int64_t>::const_iterator end, int64_t vocabulary) {
  std::vector<int64_t> valid;
  std::copy_if(begin, end, std::back_inserter(valid),
               [vocabulary](int64_t token) { return token < vocabulary; });
  return valid;
}

}  // namespace

std::optional<int64_t> unknown_speech_token(const std::vector<int64_t>& tokens,
                                            int64_t vocabulary) {
  const auto found = std::find_if(tokens.begin(), tokens.end(),
                                  [vocabulary](int64_t token) { return token >= vocabulary; });
  if (found == tokens.end()) return std::nullopt;
  return *found;
}

std::vector<int64_t> known_speech_tokens(const std::vector<int64_t>& drawn, int64_t vocabulary) {
  return known(drawn.begin(), drawn.end(), vocabulary);
}

std::vector<int64_t> turbo_speech_tokens(const std::vector<int64_t>& drawn, int64_t vocabulary) {
  std::vector<int64_t> valid = known(drawn.begin(), drawn.end(), vocabulary);
  if (!valid.empty() && kSilence < vocabulary) {
    valid.insert(valid.end(), kSilentTokens, kSilence);
  }
  return valid;
}

std::vector<int64_t> valid_speech_tokens(const std::vector<int64_t>& drawn, int64_t vocabulary) {
  auto begin = drawn.begin();
  auto end = drawn.end();
  if (std::count(begin, end, kStartOfSpeech) == 1) {
    begin = std::next(std::find(begin, end, kStartOfSpeech));
  }
  end = std::find(begin, end, kEndOfSpeech);
  return known(begin, end, vocabulary);
}

}  // namespace chatterbox::runtime
