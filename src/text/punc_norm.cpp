#include "text/punc_norm.h"

#include <utility>

#include "support/error.h"
#include "support/utf8.h"
#include "text/unicode.h"

namespace chatterbox::text {
namespace {

// tts.py: punc_to_replace. Each rule sees what the ones before it left.
constexpr std::pair<std::string_view, std::string_view> kReplacements[] = {
    {"...", ", "}, {"…", ", "}, {":", ","},  {" - ", ", "}, {";", ", "}, {"—", "-"},
    {"–", "-"},    {" ,", ","}, {"“", "\""}, {"”", "\""},   {"‘", "'"},  {"’", "'"},
};
constexpr std::string_view kSentenceEnders = ".!?-,";

// Tested on the very first character: behind a leading space nothing is capitalised.
std::string capitalize(std::string_view text) {
  const CodePoint first = decode_utf8(text, 0);
  if (!is_python_lower(first.value)) return std::string(text);
  return python_upper(first.value).append(text.substr(first.size));
}

// " ".join(text.split())
std::string collapse_spaces(std::string_view text) {
  std::string words;
  bool space = false;
  for (size_t i = 0; i < text.size();) {
    const CodePoint c = decode_utf8(text, i);
    if (is_python_space(c.value)) {
      space = true;
    } else {
      if (space && !words.empty()) words += ' ';
      space = false;
      words += text.substr(i, c.size);
    }
    i += c.size;
  }
  return words;
}

std::string replace_all(std::string_view text, std::string_view from, std::string_view to) {
  std::string replaced;
  for (size_t match = text.find(from); match != std::string_view::npos; match = text.find(from)) {
    replaced.append(text.substr(0, match)).append(to);
    text.remove_prefix(match + from.size());
  }
  return replaced.append(text);
}

}  // namespace

std::string punc_norm_english(std::string_view text) {
  if (text.empty()) return "You need to add some text for me to talk.";
  if (const auto invalid = first_invalid_utf8(text)) {
    fail(Status::kInvalidArgument, "text must be UTF-8, byte {} is not", *invalid);
  }
  std::string normalized = collapse_spaces(capitalize(text));
  for (const auto& [from, to] : kReplacements) normalized = replace_all(normalized, from, to);
  normalized.erase(normalized.find_last_not_of(' ') + 1);
  if (normalized.empty() || kSentenceEnders.find(normalized.back()) == std::string_view::npos) {
    normalized += '.';
  }
  return normalized;
}

}  // namespace chatterbox::text
