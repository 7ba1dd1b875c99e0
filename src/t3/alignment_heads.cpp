#include "t3/alignment_heads.h"

#include <charconv>

namespace chatterbox::t3 {
namespace {

// A number at the beginning of `text`, which it is taken off.
std::optional<int64_t> take_number(std::string_view& text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number < 0) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return number;
}

bool take(char wanted, std::string_view& text) {
  if (text.empty() || text.front() != wanted) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

std::optional<AlignmentHeads> parse_alignment_heads(std::string_view text) {
  AlignmentHeads heads;
  for (AlignmentHead& head : heads) {
    if (&head != heads.data() && !take(',', text)) return std::nullopt;
    const std::optional<int64_t> layer = take_number(text);
    if (!layer || !take('.', text)) return std::nullopt;
    const std::optional<int64_t> number = take_number(text);
    if (!number) return std::nullopt;
    head = {*layer, *number};
  }
  if (!text.empty()) return std::nullopt;
  return heads;
}

}  // namespace chatterbox::t3
