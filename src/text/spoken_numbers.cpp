// Numbers of all kinds, in the order of normalize_numbers() of the package: rules over the text,
// then rules over its words, which mostly ask for a whole word.
#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <vector>

#include "text/spoken_amounts.h"

namespace chatterbox::text {
namespace {

constexpr TextView kSigns = U".,?!";

size_t sign_end(TextView text, size_t at) {
  return at < text.size() && is_one_of(text[at], kSigns) ? at + 1 : at;
}

// "1,234.5" and all that follows it in the word, without the commas of the number, and without
// capital letters before it ("USD1,000").
std::optional<Spelt> grouped_number(TextView text, size_t i) {
  static constexpr TextView kSignsBefore = U"$|£¥€#(";
  const auto number_at = [&](size_t at) -> std::optional<Spelt> {
    const size_t first = skip(text, at, [](char32_t c) { return is_one_of(c, kSignsBefore); });
    if (!is_ascii_digit(at_or_end(text, first))) return std::nullopt;
    const auto in_number = [](char32_t c) { return is_ascii_digit(c) || is_one_of(c, U",."); };
    size_t end = skip(text, first, in_number);
    while (end > first && !is_ascii_digit(text[end - 1])) --end;
    if (end < first + 3) return std::nullopt;
    Spelt spelt{skip(text, end, [](char32_t c) { return !is_space(c); }), {}};
    for (const char32_t c : text.substr(at, end - at)) {
      if (c != U',') spelt.words += c;
    }
    spelt.words += text.substr(end, spelt.end - end);
    return spelt;
  };
  const size_t letters = i + (text[i] == U'(' ? 1 : 0);
  const TextView capitals = text.substr(letters, 3);
  const size_t count = skip(capitals, 0, [](char32_t c) { return c >= U'A' && c <= U'Z'; });
  for (size_t before = count; before >= 2; --before) {
    if (auto spelt = number_at(letters + before)) return spelt;
  }
  // Behind another sign it was tried from there.
  const bool tried =
      i > 0 && is_one_of(text[i], kSignsBefore) && is_one_of(text[i - 1], kSignsBefore);
  return tried ? std::nullopt : number_at(i);
}

// "in 1984": two numbers, after the words that years come after.
std::optional<Spelt> year(TextView text, size_t i) {
  static constexpr TextView kBefore[] = {U"to",     U"years", U"year",  U"from", U"after",
                                         U"before", U"by",    U"until", U"in",   U"since",
                                         U"around", U"circa", U"during"};
  for (const TextView before : kBefore) {
    size_t at = i;
    while (at < text.size() && at - i < before.size() && folded(text[at]) == before[at - i]) ++at;
    if (at - i < before.size()) continue;
    const size_t digits = at + (at < text.size() && is_space(text[at]) ? 1 : 0);
    if (skip(text, digits, is_ascii_digit) < digits + 4) continue;
    const TextView century = text.substr(digits, 2), rest = text.substr(digits + 2, 2);
    const bool is_century = century == U"20" || (century[0] == U'1' && century[1] != U'0');
    const size_t after = digits + 4;
    if (!is_century || (after < text.size() && is_digit(text[after]))) continue;
    size_t end = after + (after < text.size() ? 1 : 0);
    if (end > after && is_space(text[after]) && at_or_end(text, end) == U'-') ++end;
    Text words = Text(text.substr(i, at - i)) + U" ";
    if (rest[0] != U'0') {
      words += number_words(century) + U" " + number_words(rest);
    } else {
      words.append(century).append(century == U"20" ? U"" : U" oh ");
      words.append(century == U"20" ? rest : rest.substr(1));
    }
    const TextView sign = text.substr(after, end - after);
    words.append(sign.find(U'-') == TextView::npos ? sign : U" to");
    return Spelt{end, std::move(words)};
  }
  return std::nullopt;
}

using Words = std::vector<Text>;  // and what is between them

Words split(TextView text) {
  Words words;
  for (size_t i = 0; i < text.size();) {
    const bool space = is_space(text[i]);
    const size_t end = skip(text, i, [=](char32_t c) { return is_space(c) == space; });
    words.emplace_back(text.substr(i, end - i));
    i = end;
  }
  return words;
}

Text joined(const Words& words) {
  Text text;
  for (const Text& word : words) text += word;
  return text;
}

void spell_large_amounts(Words& words) {
  for (size_t i = 0; i < words.size(); ++i) {
    if (auto spelt = large_amount(words[i])) {
      words[i] = std::move(*spelt);
    } else if (i + 2 < words.size() && words[i + 1] == U" ") {
      auto with_scale = large_amount(words[i], words[i + 2]);
      if (!with_scale) continue;
      words[i] = std::move(*with_scale);
      const auto next = words.begin() + static_cast<ptrdiff_t>(i) + 1;
      words.erase(next, next + 2);
    }
  }
}

void spell_words(Words& words, WordRule rule) {
  for (Text& word : words) {
    if (auto spelt = rule(word)) word = std::move(*spelt);
  }
}

// "zero" for the zeros at the beginning; all other digits stay, to be read one by one.
Text fraction_words(TextView digits) {
  Text words;
  bool zeros = true;
  for (const char32_t digit : digits) {
    if (!words.empty()) words += U' ';
    zeros = zeros && digit == U'0';
    zeros ? words += U"zero" : words += digit;
  }
  return words;
}

// "3.14" anywhere in the text, with "number" before it and a sign after it; then all words that are
// written so.
void spell_decimals(Words& words) {
  constexpr TextView kNumber = U"number";
  const Text text = joined(words);
  std::map<Text, Text> spelt;
  for (size_t i = 0; i < text.size();) {
    size_t begin = i;
    const size_t space = i + kNumber.size();
    if (begins(text, i, kNumber) && space < text.size() && is_space(text[space])) {
      begin = space + 1;
    }
    const size_t stop = skip(text, begin, is_ascii_digit);
    const size_t end = at_or_end(text, stop) == U'.' ? skip(text, stop + 1, is_ascii_digit) : stop;
    if (stop == begin || end <= stop + 1) {
      i = std::max(begin == i ? stop : i, i + 1);  // none of these digits begins one
      continue;
    }
    const size_t signs = sign_end(text, end);
    const TextView all = text;
    Text said(all.substr(i, stop - i));
    said += U" point " + fraction_words(all.substr(stop + 1, end - stop - 1));
    said += all.substr(end, signs - end);
    spelt.emplace(all.substr(i, signs - i), std::move(said));
    i = signs;
  }
  for (Text& word : words) {
    if (const auto found = spelt.find(word); found != spelt.end()) word = found->second;
  }
}

// The first digits of a word, of any script.
Text first_digits(const Text& word) {
  const size_t begin = skip(word, 0, [](char32_t c) { return !is_digit(c); });
  return word.substr(begin, skip(word, begin, is_digit) - begin);
}

bool replace_all(Text& text, TextView from, TextView to) {
  size_t found = text.find(from);
  if (found == Text::npos) return false;
  Text replaced;
  size_t done = 0;
  for (; found != Text::npos; found = text.find(from, done)) {
    replaced.append(text, done, found - done).append(to);
    done = found + from.size();
  }
  text = replaced.append(text, done, Text::npos);
  return true;
}

// Each number of the text, in order, in all words that have it as their first number: there
// wherever it stands with the same sign behind it.
void spell_integers(Words& words) {
  const Text text = joined(words);
  std::map<Text, std::set<size_t>> by_digits;
  for (size_t i = 0; i < words.size(); ++i) by_digits[first_digits(words[i])].insert(i);
  for (size_t i = skip(text, 0, [](char32_t c) { return !is_ascii_digit(c); }); i < text.size();) {
    const size_t end = skip(text, i, is_ascii_digit);
    const Text digits = text.substr(i, end - i);
    const Text sign = text.substr(end, sign_end(text, end) - end);
    i = skip(text, end, [](char32_t c) { return !is_ascii_digit(c); });
    const auto found = by_digits.find(digits);
    if (found == by_digits.end() || is_too_long(digits)) continue;
    const Text said = number_words(digits) + sign;
    const std::set<size_t> places = found->second;
    for (const size_t place : places) {
      if (!replace_all(words[place], digits + sign, said)) continue;
      by_digits[digits].erase(place);
      by_digits[first_digits(words[place])].insert(place);
    }
  }
}

}  // namespace

Text spell_numbers(TextView text) {
  Text spelt = spell_all(text, grouped_number);
  // A year's sign may be the space before the next one's word.
  for (int time = 0; time < 2; ++time) spelt = spell_all(spelt, year);
  Words words = split(spelt);
  spell_large_amounts(words);
  for (const WordRule rule : amount_rules()) spell_words(words, rule);
  spell_decimals(words);
  spell_words(words, ordinal);
  spell_integers(words);
  return joined(words);
}

}  // namespace chatterbox::text
