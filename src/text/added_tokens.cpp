#include "text/added_tokens.h"

#include <algorithm>

#include "support/utf8.h"
#include "text/unicode.h"

namespace chatterbox::text {
namespace {

// Where the code point before `position` starts. `text` is valid UTF-8.
size_t previous(std::string_view text, size_t position) {
  do {
    --position;
  } while ((static_cast<unsigned char>(text[position]) & 0xC0U) == 0x80);
  return position;
}

bool is_inside_word(std::string_view text, size_t start, size_t stop) {
  return (start > 0 && is_regex_word(decode_utf8(text, previous(text, start)).value)) ||
         (stop < text.size() && is_regex_word(decode_utf8(text, stop).value));
}

size_t skip_space_back(std::string_view text, size_t start, size_t limit) {
  while (start > limit) {
    const size_t before = previous(text, start);
    if (!is_regex_space(decode_utf8(text, before).value)) break;
    start = before;
  }
  return start;
}

size_t skip_space(std::string_view text, size_t stop) {
  while (stop < text.size()) {
    const CodePoint c = decode_utf8(text, stop);
    if (!is_regex_space(c.value)) break;
    stop += c.size;
  }
  return stop;
}

}  // namespace

AddedTokens::AddedTokens(std::vector<AddedToken> tokens)
    : tokens_(std::move(tokens)), by_byte_(256) {
  std::stable_sort(tokens_.begin(), tokens_.end(), [](const AddedToken& a, const AddedToken& b) {
    return a.content.size() > b.content.size();
  });
  for (size_t i = 0; i < tokens_.size(); ++i) {
    by_byte_[static_cast<unsigned char>(tokens_[i].content.front())].push_back(i);
  }
}

const AddedToken* AddedTokens::match(std::string_view text, size_t position) const {
  for (const size_t index : by_byte_[static_cast<unsigned char>(text[position])]) {
    const AddedToken& token = tokens_[index];
    if (text.compare(position, token.content.size(), token.content) == 0) return &token;
  }
  return nullptr;
}

void AddedTokens::split(std::string_view text, const std::function<void(int64_t)>& on_token,
                        const std::function<void(std::string_view)>& on_text) const {
  size_t done = 0;
  for (size_t i = 0; i < text.size();) {
    const AddedToken* token = match(text, i);
    if (token == nullptr) {
      ++i;
      continue;
    }
    size_t start = i;
    size_t stop = i + token->content.size();
    // A match that is turned down still hides the ones that start inside it.
    i = stop;
    if (token->single_word && is_inside_word(text, start, stop)) continue;
    if (token->lstrip) start = skip_space_back(text, start, done);
    if (token->rstrip) stop = skip_space(text, stop);
    if (done < start) on_text(text.substr(done, start - done));
    on_token(token->id);
    done = stop;
    i = stop;
  }
  if (done < text.size()) on_text(text.substr(done));
}

}  // namespace chatterbox::text
