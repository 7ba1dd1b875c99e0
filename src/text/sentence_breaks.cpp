#include "text/sentence_breaks.h"

#include <unicode/brkiter.h>
#include <unicode/filteredbrk.h>
#include <unicode/uchar.h>
#include <unicode/utext.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <iterator>

#include "support/error.h"
#include "support/utf8.h"
#include "text/unicode.h"

namespace chatterbox::text {
namespace {

// Bytes before the end of a clause that are looked at: with all of them, a text of brackets would
// take the square of its size.
constexpr size_t kLookBack = 64;

void check_icu(UErrorCode code, const char* what) {
  if (code == U_MEMORY_ALLOCATION_ERROR) throw std::bad_alloc();
  if (U_FAILURE(code)) fail(Status::kInternal, "ICU: {}: {}", what, u_errorName(code));
}

// The last character of `text`, taken off it; 0 where there is none.
UChar32 take_last(std::string_view& text) {
  if (text.empty()) return 0;
  auto size = static_cast<int32_t>(text.size());
  UChar32 c = 0;
  U8_PREV(text.data(), 0, size, c);
  text.remove_suffix(text.size() - static_cast<size_t>(size));
  return c;
}

bool is_space(UChar32 c) { return is_python_space(static_cast<char32_t>(c)); }

// Quotes and brackets, opening ones too.
bool is_close(UChar32 c) { return u_getIntPropertyValue(c, UCHAR_SENTENCE_BREAK) == U_SB_CLOSE; }

// Whether a clause ends with `text`, whatever quotes and spaces are behind it.
bool ends_clause(std::string_view text) {
  UChar32 c = take_last(text);
  while (is_space(c) || is_close(c)) c = take_last(text);
  constexpr UChar32 kEnDash = 0x2013, kEmDash = 0x2014, kEllipsis = 0x2026;
  if (c == kEnDash || c == kEmDash || c == kEllipsis) return true;
  if (c == '-') return is_space(take_last(text));
  return u_hasBinaryProperty(c, UCHAR_TERMINAL_PUNCTUATION) != 0;
}

// "Go!" he said: UAX 29 ends the sentence at the quote, as if it had not gone on in lower case.
bool quote_goes_on(std::string_view before, std::string_view after) {
  UChar32 c = take_last(before);
  while (is_space(c)) c = take_last(before);
  return is_close(c) && u_isULowercase(static_cast<UChar32>(decode_utf8(after, 0).value)) != 0;
}

// "J. R. R. Tolkien": names are more often cut so than a sentence ends with a letter.
bool ends_with_initial(std::string_view text) {
  UChar32 c = take_last(text);
  while (is_space(c)) c = take_last(text);
  if (c != '.' || u_isUUppercase(take_last(text)) == 0) return false;
  c = take_last(text);
  return c == 0 || c == '.' || is_space(c);
}

template <class Predicate>
Cuts keep(const Cuts& cuts, Predicate is_good) {
  Cuts kept;
  std::copy_if(cuts.begin(), std::prev(cuts.end()), std::back_inserter(kept), std::ref(is_good));
  kept.push_back(cuts.back());  // the text's end
  return kept;
}

}  // namespace

class SentenceBreaks::Iterators {
 public:
  explicit Iterators(const std::string& language) : locale_(language.c_str()) {}

  Cuts sentences(std::string_view text) { return at(sentences_, make_sentences, text); }
  Cuts lines(std::string_view text) {
    return at(lines_, icu::BreakIterator::createLineInstance, text);
  }
  Cuts words(std::string_view text) {
    return at(words_, icu::BreakIterator::createWordInstance, text);
  }
  Cuts characters(std::string_view text) {
    return at(characters_, icu::BreakIterator::createCharacterInstance, text);
  }

 private:
  using Iterator = std::unique_ptr<icu::BreakIterator>;
  using Maker = icu::BreakIterator* (*)(const icu::Locale&, UErrorCode&);

  // None ends after an abbreviation that ICU knows in the language, nor after this title.
  static icu::BreakIterator* make_sentences(const icu::Locale& locale, UErrorCode& code) {
    using Builder = icu::FilteredBreakIteratorBuilder;
    Iterator plain(icu::BreakIterator::createSentenceInstance(locale, code));
    if (U_FAILURE(code)) return nullptr;
    std::unique_ptr<Builder> filter(Builder::createInstance(locale, code));
    if (code == U_MISSING_RESOURCE_ERROR) {  // it knows none of the language
      code = U_ZERO_ERROR;
      filter.reset(Builder::createEmptyInstance(code));
    }
    if (U_FAILURE(code)) return nullptr;
    filter->suppressBreakAfter(u"Dr.", code);
    return filter->wrapIteratorWithFilter(plain.release(), code);
  }

  Cuts at(Iterator& iterator, Maker make, std::string_view text) const {
    UErrorCode code = U_ZERO_ERROR;
    if (!iterator) iterator.reset(make(locale_, code));
    check_icu(code, "no break iterator");
    UText utf8 = UTEXT_INITIALIZER;  // so that positions are bytes
    utext_openUTF8(&utf8, text.data(), static_cast<int64_t>(text.size()), &code);
    const std::unique_ptr<UText, UText* (*)(UText*)> closer(&utf8, utext_close);
    if (U_SUCCESS(code)) iterator->setText(&utf8, code);
    check_icu(code, "text");
    Cuts cuts;
    iterator->first();
    for (int32_t cut = iterator->next(); cut != icu::BreakIterator::DONE; cut = iterator->next()) {
      cuts.push_back(static_cast<size_t>(cut));
    }
    return cuts;
  }

  const icu::Locale locale_;
  Iterator sentences_, lines_, words_, characters_;  // made when they are first used
};

SentenceBreaks::SentenceBreaks(const std::string& language)
    : iterators_(std::make_unique<Iterators>(language)) {}

SentenceBreaks::~SentenceBreaks() = default;

Cuts SentenceBreaks::cuts(std::string_view text, BreakLevel level) {
  switch (level) {
    case BreakLevel::kSentence: {
      return keep(iterators_->sentences(text), [text](size_t cut) {
        const std::string_view before = text.substr(0, cut);
        return !quote_goes_on(before, text.substr(cut)) && !ends_with_initial(before);
      });
    }
    case BreakLevel::kClause: {
      // Lines break at clauses, but neither in "1,000" nor before a closing quote.
      return keep(iterators_->lines(text), [text](size_t cut) {
        const size_t from = cut - std::min(cut, kLookBack);
        return ends_clause(text.substr(from, cut - from));
      });
    }
    case BreakLevel::kWord: {
      // Lines keep the punctuation with its word; words are whole in a script without spaces.
      const Cuts all = iterators_->words(text);
      return keep(iterators_->lines(text),
                  [&all](size_t cut) { return std::binary_search(all.begin(), all.end(), cut); });
    }
    default:
      return iterators_->characters(text);
  }
}

}  // namespace chatterbox::text
