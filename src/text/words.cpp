#include "text/words.h"

#include <algorithm>

#include "support/utf8.h"
#include "text/unicode.h"

namespace chatterbox::text {
namespace {

// What lies between white space.
struct Part {
  size_t begin = 0, end = 0;
  size_t spoken_end = 0;  // behind its last letter or sign; `begin`: it has none
};

std::vector<Part> parts_of(std::string_view text) {
  std::vector<Part> parts;
  bool space = true;
  for (size_t i = 0; i < text.size();) {
    const CodePoint c = decode_utf8(text, i);
    const bool was_space = space;
    space = is_python_space(c.value);
    if (!space) {
      if (was_space) parts.push_back({i, i, i});
      parts.back().end = i + c.size;
      if (is_speakable(c.value)) parts.back().spoken_end = i + c.size;
    }
    i += c.size;
  }
  return parts;
}

int64_t in_common(const std::vector<int64_t>& a, const std::vector<int64_t>& b) {
  const auto ends = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  return ends.first - a.begin();
}

}  // namespace

std::vector<TextWord> words_of(std::string_view text, const std::vector<int64_t>& ids,
                               std::optional<int64_t> space, const Encode& encode) {
  // Tokens of the text up to a byte. What stands at the very end may be written otherwise there:
  // some normalisations put a full stop behind it.
  const auto tokens_before = [&](size_t end) {
    if (end == 0) return int64_t{0};
    if (end == text.size()) return static_cast<int64_t>(ids.size());
    return in_common(ids, encode(text.substr(0, end)));
  };
  std::vector<TextWord> words;
  int64_t done = 0;  // tokens of the parts so far
  for (const Part& part : parts_of(text)) {
    const int64_t end = std::max(done, tokens_before(part.end));
    if (part.spoken_end > part.begin) {
      const bool all_spoken = part.spoken_end == part.end;
      TextWord word = {part.begin, part.end, done, end};
      if (!all_spoken) word.end_token = std::max(done, tokens_before(part.spoken_end));
      const auto is_space = [&](int64_t token) { return space && ids[token] == *space; };
      while (word.first_token < word.end_token && is_space(word.first_token)) ++word.first_token;
      words.push_back(word);
    }
    done = end;
  }
  return words;
}

}  // namespace chatterbox::text
