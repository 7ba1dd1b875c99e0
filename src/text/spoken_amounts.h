// The rules of spell_numbers() that concern one word, separators included in none: what the whole
// word becomes, or nothing.
#pragma once

#include "text/spoken_parts.h"

namespace chatterbox::text {

using WordRule = std::optional<Text> (*)(TextView word);

// "$3.5M", and "$3.5" with what follows it, "million".
[[nodiscard]] std::optional<Text> large_amount(TextView word);
[[nodiscard]] std::optional<Text> large_amount(TextView amount, TextView scale);

// Currencies and units, in the order in which they are tried.
struct WordRules {
  const WordRule* begin_;
  const WordRule* end_;
  [[nodiscard]] const WordRule* begin() const { return begin_; }
  [[nodiscard]] const WordRule* end() const { return end_; }
};
[[nodiscard]] WordRules amount_rules();

[[nodiscard]] std::optional<Text> ordinal(TextView word);  // "42nd"

}  // namespace chatterbox::text
