#include "text/punc_norm.h"

#include <algorithm>
#include <iterator>

#include "support/error.h"
#include "support/utf8.h"
#include "text/unicode.h"

namespace chatterbox::text {
namespace {

struct Replacement {
  std::string_view from, to;
  bool in_turbo = true;
};

// punc_to_replace of tts.py and mtl_tts.py; tts_turbo.py has fewer. Each rule sees what the ones
// before it left.
constexpr Replacement kReplacements[] = {
    {"...", ", ", false}, {"…", ", "}, {":", ","}, {" - ", ", ", false},
    {";", ", ", false},   {"—", "-"},  {"–", "-"}, {" ,", ","},
    {"“", "\""},          {"”", "\""}, {"‘", "'"}, {"’", "'"},
};

enum class Family { kEnglish, kTurbo, kMultilingual };

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

bool has_sentence_end(std::string_view text, Family family) {
  static constexpr std::string_view kEnders[] = {".", "!", "?", "-", ","};
  static constexpr std::string_view kMultilingualEnders[] = {"、", "，", "。", "？", "！"};
  const auto is_end = [&](std::string_view ender) {
    return text.size() >= ender.size() && text.substr(text.size() - ender.size()) == ender;
  };
  return std::any_of(std::begin(kEnders), std::end(kEnders), is_end) ||
         (family == Family::kMultilingual &&
          std::any_of(std::begin(kMultilingualEnders), std::end(kMultilingualEnders), is_end));
}

std::string punc_norm(std::string_view text, Family family) {
  if (text.empty()) return "You need to add some text for me to talk.";
  if (const auto invalid = first_invalid_utf8(text)) {
    fail(Status::kInvalidArgument, "text must be UTF-8, byte {} is not", *invalid);
  }
  std::string normalized = collapse_spaces(capitalize(text));
  for (const Replacement& rule : kReplacements) {
    if (family == Family::kTurbo && !rule.in_turbo) continue;
    normalized = replace_all(normalized, rule.from, rule.to);
  }
  normalized.erase(normalized.find_last_not_of(' ') + 1);
  if (!has_sentence_end(normalized, family)) normalized += '.';
  return normalized;
}

}  // namespace

std::string punc_norm_english(std::string_view text) { return punc_norm(text, Family::kEnglish); }

std::string punc_norm_turbo(std::string_view text) { return punc_norm(text, Family::kTurbo); }

std::string punc_norm_multilingual(std::string_view text) {
  return punc_norm(text, Family::kMultilingual);
}

}  // namespace chatterbox::text
