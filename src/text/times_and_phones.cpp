// Times of day, then telephone numbers among what is left.
#include <algorithm>
#include <vector>

#include "text/spoken_parts.h"

namespace chatterbox::text {
namespace {

// "a", "P.M." and the like; `at` where there is none.
size_t half_of_day(TextView text, size_t at) {
  size_t i = at;
  if (!is_one_of(at_or_end(text, i), U"AaPp")) return at;
  i += at_or_end(text, i + 1) == U'.' ? 2 : 1;
  if (i >= text.size() || !is_one_of(text[i], U"Mm")) return at;
  return i + (at_or_end(text, i + 1) == U'.' ? 2 : 1);
}

int64_t value_of(TextView digits) {
  int64_t value = 0;
  for (const char32_t digit : digits) value = 10 * value + digit_value(digit);
  return value;
}

size_t up_to_two_digits(TextView text, size_t at) {
  const TextView two = text.substr(std::min(at, text.size()), 2);
  return at + skip(two, 0, is_digit);
}

// An hour with what follows it. What is no time stays as it is, but is not looked at again.
std::optional<Spelt> time_of_day(TextView text, size_t i) {
  if (!is_digit(text[i])) return std::nullopt;
  const size_t hour_end = up_to_two_digits(text, i);
  const char32_t sign = at_or_end(text, hour_end);
  const bool parted = hour_end < text.size() && is_one_of(sign, U".:");
  const size_t minutes = skip(text, hour_end + (parted ? 1 : 0), is_space);
  const bool has_minutes = up_to_two_digits(text, minutes) == minutes + 2;
  const size_t half = skip(text, minutes + (has_minutes ? 2 : 0), is_space);
  const size_t end = half_of_day(text, half);
  const bool has_half = end > half;
  if (!has_half && !(has_minutes && parted && sign == U':')) {
    return Spelt{end, Text(text.substr(i, end - i))};
  }
  Text words = cardinal(value_of(text.substr(i, hour_end - i)));
  const int64_t minute = has_minutes ? value_of(text.substr(minutes, 2)) : 0;
  if (minute > 0) words += (minute < 10 ? U" oh " : U" ") + cardinal(minute);
  if (has_half) words += folded(text[half]) == U'a' ? U" AM" : U" PM";
  return Spelt{end, std::move(words)};
}

constexpr TextView kFinalSigns = U".!?,;";

size_t digits_in(TextView text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), is_ascii_digit));
}

// "1990-1995" is none.
bool is_pair_of_years(TextView text) {
  const size_t dash = text.find(U'-');
  const auto is_year = [](TextView part) {
    const size_t first = skip(part, 0, [](char32_t c) { return !is_ascii_digit(c); });
    return digits_in(part) == 4 && is_one_of(part[first], U"12");
  };
  return is_year(text.substr(0, dash)) && is_year(text.substr(dash + 1));
}

bool is_phone_number(TextView text) {
  constexpr size_t kMinDigits = 6, kMaxDigits = 13;
  text = text.substr(0, text.find_last_not_of(kFinalSigns) + 1);
  const auto count = [&](char32_t c) { return std::count(text.begin(), text.end(), c); };
  if (count(U'.') == 1) return false;
  if (text.find_first_not_of(U"0123456789.+-()[] ") != TextView::npos) return false;
  const size_t digits = digits_in(text);
  if (digits < kMinDigits || digits > kMaxDigits) return false;
  const bool maybe_years = count(U'+') == 0 && count(U'.') == 0 && count(U'-') == 1;
  return !maybe_years || !is_pair_of_years(text);
}

// Cuts more digits than are said in one go: fives and eights by rule, others from their end.
void add_groups(TextView digits, size_t most, std::vector<TextView>& groups) {
  if (digits.size() <= most) {
    if (!digits.empty()) groups.push_back(digits);
  } else if (digits.size() == 5) {
    groups.push_back(digits.substr(0, 2));
    groups.push_back(digits.substr(2));
  } else if (digits.size() == 8) {
    groups.push_back(digits.substr(0, 2));
    groups.push_back(digits.substr(2, 3));
    groups.push_back(digits.substr(5));
  } else {
    add_groups(digits.substr(0, digits.size() - most), 3, groups);
    groups.push_back(digits.substr(digits.size() - most));
  }
}

Text spell_phone_number(TextView text) {
  constexpr size_t kMostInOneGo = 4;
  const size_t end = text.find_last_not_of(kFinalSigns) + 1;
  const TextView number = text.substr(0, end);
  std::vector<TextView> groups;
  for (size_t i = 0; i < number.size();) {
    const size_t last = skip(number, i, is_ascii_digit);
    add_groups(number.substr(i, last - i), kMostInOneGo, groups);
    i = std::max(last, i + 1);
  }
  Text words = is_space(number.front()) ? U" " : U"";
  for (size_t i = 0; i < groups.size(); ++i) {
    if (i > 0) words += U", ";
    for (size_t j = 0; j < groups[i].size(); ++j) {
      if (j > 0) words += U' ';
      words += number_words(groups[i].substr(j, 1));
    }
  }
  if (is_space(number.back())) words += U' ';
  return words.append(text.substr(end));
}

// Whatever is between two letters.
std::optional<Spelt> phone_number(TextView text, size_t i) {
  if (is_ascii_letter(text[i])) return std::nullopt;
  const size_t end = skip(text, i, [](char32_t c) { return !is_ascii_letter(c); });
  const TextView part = text.substr(i, end - i);
  return Spelt{end, is_phone_number(part) ? spell_phone_number(part) : Text(part)};
}

}  // namespace

Text spell_times(TextView text) { return spell_all(text, time_of_day); }

Text spell_phone_numbers(TextView text) { return spell_all(text, phone_number); }

}  // namespace chatterbox::text
