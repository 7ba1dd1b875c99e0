#include "text/languages.h"

#include <algorithm>
#include <string>

#include "support/error.h"

namespace chatterbox::text {
namespace {

// For a message: whatever a caller passes stays on one short line of UTF-8.
std::string quote(std::string_view code) {
  constexpr size_t kMaxShown = 16;
  const auto printable = [](char c) { return c >= ' ' && c <= '~'; };
  if (code.size() <= kMaxShown && std::all_of(code.begin(), code.end(), printable)) {
    return "'" + std::string(code) + "'";
  }
  return std::to_string(code.size()) + " bytes";
}

std::string choices() {
  std::string codes;
  for (const Language& language : languages()) {
    codes.append(codes.empty() ? "" : ", ").append(language.code);
  }
  return codes;
}

bool is_same(std::string_view code, std::string_view other) {
  return std::equal(code.begin(), code.end(), other.begin(), other.end(), [](char a, char b) {
    return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b - 'A' + 'a') : b);
  });
}

}  // namespace

const std::vector<Language>& languages() {
  static const std::vector<Language> kLanguages = {
      {"ar", "Arabic"},  {"da", "Danish"},     {"de", "German"},  {"el", "Greek"},
      {"en", "English"}, {"es", "Spanish"},    {"fi", "Finnish"}, {"fr", "French"},
      {"he", "Hebrew"},  {"hi", "Hindi"},      {"it", "Italian"}, {"ja", "Japanese"},
      {"ko", "Korean"},  {"ms", "Malay"},      {"nl", "Dutch"},   {"no", "Norwegian"},
      {"pl", "Polish"},  {"pt", "Portuguese"}, {"ru", "Russian"}, {"sv", "Swedish"},
      {"sw", "Swahili"}, {"tr", "Turkish"},    {"zh", "Chinese"},
  };
  return kLanguages;
}

const Language& find_language(std::string_view code) {
  if (code.empty()) {
    fail(Status::kInvalidArgument, "this model needs a language, one of {}", choices());
  }
  const auto found = std::find_if(languages().begin(), languages().end(),
                                  [&](const Language& l) { return is_same(l.code, code); });
  if (found == languages().end()) {
    fail(Status::kInvalidArgument, "language must be one of {}, got {}", choices(), quote(code));
  }
  return *found;
}

void refuse_language(std::string_view language) {
  if (!language.empty()) {
    fail(Status::kInvalidArgument,
         "language must be empty: this model has no choice of them, got {}", quote(language));
  }
}

}  // namespace chatterbox::text
