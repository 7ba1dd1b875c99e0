#include <algorithm>
#include <iterator>
#include <utility>

#include "text/spoken_parts.h"

namespace chatterbox::text {
namespace {

constexpr TextView kUnits[] = {U"",        U"one",     U"two",       U"three",    U"four",
                               U"five",    U"six",     U"seven",     U"eight",    U"nine",
                               U"ten",     U"eleven",  U"twelve",    U"thirteen", U"fourteen",
                               U"fifteen", U"sixteen", U"seventeen", U"eighteen", U"nineteen"};
constexpr TextView kTens[] = {U"",      U"ten",   U"twenty",  U"thirty", U"forty",
                              U"fifty", U"sixty", U"seventy", U"eighty", U"ninety"};
constexpr TextView kGroups[] = {U"",        U"thousand", U"million",
                                U"billion", U"trillion", U"quadrillion"};
constexpr size_t kMaxDigits = 18;

void add_word(Text& words, TextView word) {
  if (word.empty()) return;
  if (!words.empty()) words += U' ';
  words += word;
}

}  // namespace

TextView significant(TextView digits) {
  const size_t first = digits.find_first_not_of(U'0');
  return first == TextView::npos ? digits.substr(digits.size() - 1) : digits.substr(first);
}

Text cardinal(int64_t number, size_t group) {
  Text words;
  if (number >= 1000) add_word(words, cardinal(number / 1000, group + 1));
  const auto rest = static_cast<size_t>(number % 1000);
  if (rest >= 100) {
    add_word(words, kUnits[rest / 100]);
    add_word(words, U"hundred");
  }
  if (rest % 100 >= std::size(kUnits)) {
    add_word(words, kTens[rest % 100 / 10]);
    add_word(words, kUnits[rest % 10]);
  } else {
    add_word(words, kUnits[rest % 100]);
  }
  if (rest > 0) add_word(words, kGroups[group]);
  return words;
}

Text number_words(TextView digits) {
  digits = significant(digits);
  if (digits.size() > kMaxDigits) return Text(digits);
  int64_t number = 0;
  for (const char32_t digit : digits) number = 10 * number + digit_value(digit);
  if (number == 0) return U"zero";
  if (number % 100 == 0 && number % 1000 != 0 && number < 3000) {
    return cardinal(number / 100) + U" hundred";
  }
  return cardinal(number);
}

Text ordinal_words(TextView digits) {
  static constexpr std::pair<TextView, TextView> kEndings[] = {
      {U"one", U"first"},    {U"two", U"second"}, {U"three", U"third"},    {U"five", U"fifth"},
      {U"eight", U"eighth"}, {U"nine", U"ninth"}, {U"twelve", U"twelfth"}, {U"ty", U"tieth"}};
  const Text number = number_words(digits);
  for (const auto& [ending, ordinal] : kEndings) {
    if (number.size() < ending.size()) continue;
    const size_t stem = number.size() - ending.size();
    if (number.compare(stem, ending.size(), ending) == 0) {
      return number.substr(0, stem).append(ordinal);
    }
  }
  return number + U"th";
}

}  // namespace chatterbox::text
