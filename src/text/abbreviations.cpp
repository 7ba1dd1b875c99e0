// Abbreviations one after the other, so that a later one sees what an earlier one left; then signs.
#include <algorithm>

#include "text/spoken_parts.h"

namespace chatterbox::text {
namespace {

struct Abbreviation {
  TextView from, to;
};

// _abbreviations of text_norm/cleaners.py.
constexpr Abbreviation kAbbreviations[] = {
    {U"mrs", U"misess"},      {U"mr", U"mister"},      {U"dr", U"doctor"},
    {U"st", U"saint"},        {U"jr", U"junior"},      {U"maj", U"major"},
    {U"gen", U"general"},     {U"drs", U"doctors"},    {U"rev", U"reverend"},
    {U"lt", U"lieutenant"},   {U"hon", U"honorable"},  {U"sgt", U"sergeant"},
    {U"capt", U"captain"},    {U"esq", U"esquire"},    {U"ltd", U"limited"},
    {U"col", U"colonel"},     {U"ft", U"feet"},        {U"abbrev", U"abbreviation"},
    {U"ave", U"avenue"},      {U"abstr", U"abstract"}, {U"addr", U"address"},
    {U"jan", U"january"},     {U"feb", U"february"},   {U"mar", U"march"},
    {U"apr", U"april"},       {U"jul", U"july"},       {U"aug", U"august"},
    {U"sep", U"september"},   {U"sept", U"september"}, {U"oct", U"october"},
    {U"nov", U"november"},    {U"dec", U"december"},   {U"mon", U"monday"},
    {U"tue", U"tuesday"},     {U"wed", U"wednesday"},  {U"thur", U"thursday"},
    {U"fri", U"friday"},      {U"sec", U"second"},     {U"min", U"minute"},
    {U"mo", U"month"},        {U"yr", U"year"},        {U"cal", U"calorie"},
    {U"dept", U"department"}, {U"gal", U"gallon"},     {U"kg", U"kilogram"},
    {U"km", U"kilometer"},    {U"mt", U"mount"},       {U"oz", U"ounce"},
    {U"vol", U"volume"},      {U"vs", U"versus"},      {U"yd", U"yard"},
    {U"e.g", U"eg"},          {U"i.e", U"ie"},         {U"etc", U"etc"},
    {U"ai", U"a i"},          {U"cms", U"c m s"},      {U"cdn", U"c d n"},
    {U"ceo", U"c e o"},       {U"tts", U"t t s"},
};

using Rule = std::optional<Spelt> (*)(TextView text, size_t i);

// The abbreviation as a whole word, in any case, with a full stop or without.
std::optional<Spelt> spell(const Abbreviation& rule, TextView text, size_t i) {
  const size_t size = rule.from.size();
  if (folded(text[i]) != rule.from.front() || text.size() - i < size) return std::nullopt;
  const auto same = [](char32_t a, char32_t b) { return a == folded(b); };
  if (!std::equal(rule.from.begin(), rule.from.end(), text.begin() + static_cast<ptrdiff_t>(i),
                  same)) {
    return std::nullopt;
  }
  if (i > 0 && is_word(text[i - 1])) return std::nullopt;
  const size_t end = i + size;
  if (end < text.size() && is_word(text[end])) return std::nullopt;
  return Spelt{end + (at_or_end(text, end) == U'.' ? 1 : 0), Text(rule.to)};
}

bool is_before(TextView text, size_t i, bool (*is)(char32_t)) { return i > 0 && is(text[i - 1]); }
bool is_at(TextView text, size_t i, bool (*is)(char32_t)) { return i < text.size() && is(text[i]); }
bool is_no_digit(char32_t c) { return !is_digit(c); }

std::optional<Spelt> long_dash(TextView text, size_t i) {
  if (text[i] != U'–' && text[i] != U'—') return std::nullopt;
  return Spelt{i + 1, U"-"};
}

// Between a digit with a space and a space with a digit.
std::optional<Spelt> comparison(TextView text, size_t i) {
  if (text[i] != U'>' && text[i] != U'<') return std::nullopt;
  const bool before = i > 1 && is_space(text[i - 1]) && is_digit(text[i - 2]);
  if (!before || !is_at(text, i + 1, is_space) || !is_at(text, i + 2, is_digit)) {
    return std::nullopt;
  }
  return Spelt{i + 1, text[i] == U'>' ? U"is greater than" : U"is less than"};
}

// Of the spaces from `begin` on, as many as something other than a digit follows: all, or all but
// the last one, which then is what follows.
size_t spaces_before_no_digit(TextView text, size_t begin) {
  const size_t end = skip(text, begin, is_space);
  if (is_at(text, end, is_no_digit)) return end;
  return end > begin ? end - 1 : TextView::npos;
}

std::optional<Spelt> dash_before_space(TextView text, size_t i) {
  if (!is_before(text, i, is_no_digit)) return std::nullopt;
  const size_t dash = skip(text, i, is_space);
  if (at_or_end(text, dash) != U'-') return std::nullopt;
  const size_t end = spaces_before_no_digit(text, dash + 1);
  if (end == TextView::npos || end == dash + 1) return std::nullopt;
  return Spelt{end, U", "};
}

std::optional<Spelt> dash_after_space(TextView text, size_t i) {
  if (!is_before(text, i, is_no_digit)) return std::nullopt;
  const size_t dash = skip(text, i, is_space);
  if (dash == i || at_or_end(text, dash) != U'-') return std::nullopt;
  const size_t end = spaces_before_no_digit(text, dash + 1);
  if (end == TextView::npos) return std::nullopt;
  return Spelt{end, U", "};
}

template <bool (*kBefore)(char32_t), bool (*kAfter)(char32_t)>
std::optional<Spelt> inner_dash(TextView text, size_t i) {
  if (text[i] != U'-' || !is_before(text, i, kBefore) || !is_at(text, i + 1, kAfter)) {
    return std::nullopt;
  }
  const bool between_digits = kBefore == is_digit && kAfter == is_digit;
  return Spelt{i + 1, between_digits ? U" - " : U" "};
}

constexpr Rule kSigns[] = {
    long_dash,
    comparison,
    dash_before_space,
    dash_after_space,
    inner_dash<is_letter_of_any_case, is_letter_of_any_case>,
    inner_dash<is_letter_of_any_case, is_digit>,
    inner_dash<is_digit, is_letter_of_any_case>,
    inner_dash<is_digit, is_digit>,
};

}  // namespace

Text spell_abbreviations(TextView text) {
  Text spelt(text);
  for (const Abbreviation& rule : kAbbreviations) {
    spelt = spell_all(spelt, [&](TextView all, size_t i) { return spell(rule, all, i); });
  }
  for (const Rule rule : kSigns) spelt = spell_all(spelt, rule);
  return spelt;
}

}  // namespace chatterbox::text
