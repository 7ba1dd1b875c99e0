#include "app/long_speech.h"

#include <algorithm>
#include <string_view>

namespace chatterbox::app {
namespace {

// A token of Turbo and Nano is most of a word, of the others two or three letters. Some tokenizers
// take a long run of spaces for one token, so bytes are counted, too.
constexpr int64_t kMaxWords = 80;
constexpr int64_t kMaxLetters = 160;
constexpr size_t kMaxBytes = 1000;

// Marks of pauses are such in any case of their letters.
bool has_pause(const std::string& text) {
  constexpr std::string_view kMark = "[pause:";
  const auto equal = [](char c, char lower) {
    return (c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c) == lower;
  };
  return std::search(text.begin(), text.end(), kMark.begin(), kMark.end(), equal) != text.end();
}

}  // namespace

bool fits_one_request(const ChatterboxEngine& engine, const Request& request) {
  if (request.text.size() > kMaxBytes || has_pause(request.text)) return false;
  const std::string_view family = engine.info().family;
  const int64_t most = family == "turbo" || family == "nano" ? kMaxWords : kMaxLetters;
  return engine.count_tokens(request.text, request.language, request.text_tags) <= most;
}

}  // namespace chatterbox::app
