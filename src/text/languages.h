// The languages of the multilingual family.
#pragma once

#include <string_view>
#include <vector>

namespace chatterbox::text {

struct Language {
  std::string_view code;  // ISO 639-1, "fr"
  std::string_view name;  // "French"
};

// Sorted by code (mtl_tts.py: SUPPORTED_LANGUAGES).
[[nodiscard]] const std::vector<Language>& languages();

// `code` in any case. kInvalidArgument, with the choices, where it is empty or none of them.
[[nodiscard]] const Language& find_language(std::string_view code);

// kInvalidArgument where `language` is not empty: for the families that have none.
void refuse_language(std::string_view language);

}  // namespace chatterbox::text
