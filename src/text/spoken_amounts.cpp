#include "text/spoken_amounts.h"

#include <iterator>

namespace chatterbox::text {
namespace {

constexpr TextView kSigns = U".,?!";

// Digits with full stops among them, up to the last digit; `begin` where there is none.
size_t end_of_number(TextView word, size_t begin) {
  const auto in_number = [](char32_t c) { return is_ascii_digit(c) || c == U'.'; };
  size_t end = skip(word, begin, in_number);
  while (end > begin && !is_ascii_digit(word[end - 1])) --end;
  return end;
}

// Whether nothing is left but one sign, or nothing at all.
bool ends_by_sign(TextView word, size_t at) {
  return at == word.size() || (at + 1 == word.size() && is_one_of(word[at], kSigns));
}

struct Decimal {
  TextView whole, fraction;  // the fraction: up to a second full stop
  bool has_fraction = false;
};
Decimal decimal(TextView number) {
  const size_t stop = number.find(U'.');
  if (stop == TextView::npos) return {number, {}, false};
  const TextView rest = number.substr(stop + 1);
  return {number.substr(0, stop), rest.substr(0, rest.find(U'.')), true};
}

size_t after_bracket(TextView word) { return at_or_end(word, 0) == U'(' ? 1 : 0; }

// "£7.25." loses its final sign.
std::optional<Text> currency(TextView word, char32_t sign, TextView one, TextView many) {
  const size_t begin = after_bracket(word) + 1;
  if (at_or_end(word, begin - 1) != sign) return std::nullopt;
  const size_t end = sign == U'¥' ? skip(word, begin, is_ascii_digit) : end_of_number(word, begin);
  if (end == begin || !ends_by_sign(word, end)) return std::nullopt;
  const auto [whole, fraction, has_fraction] = decimal(word.substr(begin, end - begin));
  if (whole.empty() || is_too_long(whole)) return std::nullopt;  // where the package raises
  Text words = Text(whole) + U" " + Text(significant(whole) == U"1" ? one : many);
  if (has_fraction) words.append(U" ").append(fraction);
  return words;
}

std::optional<Text> pounds(TextView word) { return currency(word, U'£', U"pound", U"pounds"); }
std::optional<Text> yen(TextView word) { return currency(word, U'¥', U"yen", U"yen"); }
std::optional<Text> euros(TextView word) { return currency(word, U'€', U"euro", U"euros"); }

// A number, the unit up to `end`, and maybe a sign.
std::optional<Text> quantity(TextView word, TextView number, size_t end, TextView one,
                             TextView many) {
  if (number.empty() || !ends_by_sign(word, end)) return std::nullopt;
  const auto [whole, fraction, has_fraction] = decimal(number);
  Text words(whole);
  if (has_fraction) {
    words += U" point ";
    for (const char32_t digit : fraction) words.append({digit, U' '});
    words += many;
  } else {
    words.append(U" ").append(whole == U"1" ? one : many);
  }
  return words.append(word.substr(end));
}

struct Unit {
  TextView symbol, one, many;
};

template <const Unit& kUnit>
std::optional<Text> unit(TextView word) {
  const size_t end = end_of_number(word, 0);
  if (!begins(word, end, kUnit.symbol)) return std::nullopt;
  return quantity(word, word.substr(0, end), end + kUnit.symbol.size(), kUnit.one, kUnit.many);
}

constexpr Unit kMilliliter{U"ml", U"milliliter", U"milliliters"};
constexpr Unit kCentiliter{U"cl", U"centiliter", U"centiliters"};
constexpr Unit kGram{U"g", U"gram", U"grams"};
constexpr Unit kKilogram{U"kg", U"kilogram", U"kilograms"};
constexpr Unit kMillimeter{U"mm", U"millimeter", U"millimeters"};
constexpr Unit kCentimeter{U"cm", U"centimeter", U"centimeters"};
constexpr Unit kKilometer{U"km", U"kilometer", U"kilometers"};
constexpr Unit kInch{U"in", U"inch", U"inches"};
constexpr Unit kFoot{U"ft", U"foot", U"feet"};
constexpr Unit kLiter{U"l", U"liter", U"liters"};
constexpr Unit kMeter{U"m", U"meter", U"meters"};
constexpr Unit kYard{U"yd", U"yard", U"yards"};
constexpr Unit kYards{U"yds", U"yard", U"yards"};

// "s", "sec", "secs", and what else these letters make: "1980s" becomes seconds, too.
std::optional<Text> seconds(TextView word) {
  const size_t end = end_of_number(word, 0);
  if (at_or_end(word, end) != U's') return std::nullopt;
  const size_t unit_end = skip(word, end, [](char32_t c) { return is_one_of(c, U"ecs"); });
  return quantity(word, word.substr(0, end), unit_end, U"second", U"seconds");
}

// "50%" and "1,000%", but not "3.5%", and "1%" keeps its sign.
std::optional<Text> percent(TextView word) {
  size_t end = skip(word, 0, is_ascii_digit);
  if (end > 3) return std::nullopt;
  while (at_or_end(word, end) == U',' && skip(word, end + 1, is_ascii_digit) == end + 4) end += 4;
  if (at_or_end(word, end) != U'%') return std::nullopt;
  return quantity(word, word.substr(0, end), end + 1, U"%", U"percent");
}

// Where an amount in dollars ends: digits and commas, then maybe a fraction.
size_t end_of_dollars(TextView word, size_t begin) {
  const auto in_number = [](char32_t c) { return is_ascii_digit(c) || c == U','; };
  size_t end = skip(word, begin, in_number);
  if (at_or_end(word, end) == U'.') {
    const size_t fraction = skip(word, end + 1, is_ascii_digit);
    if (fraction > end + 1) return fraction;
  }
  while (end > begin && !is_ascii_digit(word[end - 1])) --end;
  return end;
}

Text counted(TextView number, TextView one, TextView many) {
  return Text(number) + U" " + Text(number == U"1" ? one : many);
}

std::optional<Text> dollars(TextView word) {
  const size_t begin = after_bracket(word) + 1;
  if (at_or_end(word, begin - 1) != U'$') return std::nullopt;
  const size_t end = end_of_dollars(word, begin);
  const size_t signs = skip(word, end, [](char32_t c) { return is_one_of(c, U".|,?!)"); });
  if (end == begin || signs != word.size()) return std::nullopt;
  const auto [whole, fraction, has_fraction] = decimal(word.substr(begin, end - begin));
  // Where the package raises:
  if (whole.find(U',') != TextView::npos || is_too_long(whole) || is_too_long(fraction)) {
    return std::nullopt;
  }
  const TextView dollar = whole.empty() ? U"0" : significant(whole);
  const TextView cent = fraction.empty() ? U"0" : significant(fraction);
  Text words;
  if (dollar != U"0") words = counted(dollar, U"dollar", U"dollars");
  if (cent != U"0") {
    if (!words.empty()) words += U", ";
    words += counted(cent, U"cent", U"cents");
  }
  if (words.empty()) words = U"zero dollars";
  return words.append(word.substr(end));
}

// "#5", "#2.1!"
std::optional<Text> number_sign(TextView word) {
  if (at_or_end(word, 0) != U'#') return std::nullopt;
  size_t end = skip(word, 1, is_ascii_digit);
  if (end == 1) return std::nullopt;
  if (at_or_end(word, end) == U'.') {
    const size_t fraction = skip(word, end + 1, is_ascii_digit);
    if (fraction > end + 1) end = fraction;
  }
  if (!ends_by_sign(word, end)) return std::nullopt;
  return Text(U"number ").append(word.substr(1));
}

constexpr WordRule kRules[] = {
    pounds,
    yen,
    euros,
    unit<kMilliliter>,
    unit<kCentiliter>,
    unit<kGram>,
    unit<kKilogram>,
    unit<kMillimeter>,
    unit<kCentimeter>,
    unit<kKilometer>,
    unit<kInch>,
    unit<kFoot>,
    unit<kLiter>,
    unit<kMeter>,
    unit<kYards>,
    unit<kYard>,
    seconds,
    percent,
    dollars,
    number_sign,
};

TextView name_of(char32_t sign) {
  switch (sign) {
    case U'$':
      return U"dollars";
    case U'£':
      return U"pounds";
    case U'¥':
      return U"yen";
    case U'€':
      return U"euros";
    default:
      return {};
  }
}

TextView scale_of(char32_t letter) {
  switch (letter) {
    case U'B':
      return U"billion";
    case U'K':
      return U"thousand";
    case U'M':
      return U"million";
    case U'T':
      return U"trillion";
    default:
      return {};
  }
}

// "$3.5" with its scale and final signs; `end`: of the number, in the word.
Text large_amount_words(TextView word, size_t end, TextView scale, TextView signs) {
  const size_t begin = after_bracket(word) + 1;
  const auto [whole, fraction, has_fraction] = decimal(word.substr(begin, end - begin));
  Text words(whole);
  if (has_fraction) {
    words += U" point ";
    for (size_t i = 0; i < fraction.size(); ++i) {
      if (i > 0) words += U' ';
      words += fraction[i];
    }
  }
  words.append(U" ").append(scale).append(U" ").append(name_of(word[begin - 1]));
  return words.append(signs);
}

// Where the number of an amount with a scale ends; npos where there is none.
size_t end_of_amount(TextView word) {
  const size_t begin = after_bracket(word) + 1;
  if (name_of(at_or_end(word, begin - 1)).empty()) return TextView::npos;
  size_t end = skip(word, begin, is_ascii_digit);
  if (at_or_end(word, end) == U'.') {
    const size_t fraction = skip(word, end + 1, is_ascii_digit);
    if (fraction > end + 1) end = fraction;
  }
  return end == begin ? TextView::npos : end;
}

bool are_final_signs(TextView text) { return text.find_first_not_of(U".,?!)") == TextView::npos; }

}  // namespace

std::optional<Text> large_amount(TextView word) {
  const size_t end = end_of_amount(word);
  if (end == TextView::npos) return std::nullopt;
  const TextView scale = scale_of(at_or_end(word, end));
  if (scale.empty() || !are_final_signs(word.substr(end + 1))) return std::nullopt;
  return large_amount_words(word, end, scale, word.substr(end + 1));
}

std::optional<Text> large_amount(TextView amount, TextView scale) {
  constexpr TextView kEnding = U"illion";
  const size_t end = end_of_amount(amount);
  if (end == TextView::npos || end != amount.size()) return std::nullopt;
  const size_t letters = skip(scale, 0, [](char32_t c) { return is_one_of(c, U"BMbmTtr"); });
  if (letters == 0 || !begins(scale, letters, kEnding)) return std::nullopt;
  const size_t scale_end = letters + kEnding.size();
  if (!are_final_signs(scale.substr(scale_end))) return std::nullopt;
  return large_amount_words(amount, end, scale.substr(0, scale_end), scale.substr(scale_end));
}

WordRules amount_rules() { return {std::begin(kRules), std::end(kRules)}; }

std::optional<Text> ordinal(TextView word) {
  const size_t end = skip(word, 0, is_ascii_digit);
  const TextView ending = word.substr(end);
  const bool ends = ending == U"st" || ending == U"nd" || ending == U"rd" || ending == U"th";
  if (end == 0 || !ends || is_too_long(word.substr(0, end))) return std::nullopt;
  return ordinal_words(word.substr(0, end));
}

}  // namespace chatterbox::text
