#include "text/splitter.h"

#include <unicode/brkiter.h>
#include <unicode/filteredbrk.h>
#include <unicode/uchar.h>
#include <unicode/utext.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include "support/error.h"
#include "support/utf8.h"
#include "text/pause_markup.h"
#include "text/unicode.h"

namespace chatterbox::text {
namespace {

using Cuts = std::vector<size_t>;  // ends of the parts of a text; the last is the text's

// Bytes before the end of a clause that are looked at: with all of them, a text of brackets would
// take the square of its size.
constexpr size_t kLookBack = 64;

enum class Level { kSentence, kClause, kWord, kCharacter, kNone };

void check_icu(UErrorCode code, const char* what) {
  if (code == U_MEMORY_ALLOCATION_ERROR) throw std::bad_alloc();
  if (U_FAILURE(code)) fail(Status::kInternal, "ICU: {}: {}", what, u_errorName(code));
}

std::string_view trim(std::string_view text) {
  size_t begin = text.size(), end = 0;
  for (size_t i = 0; i < text.size();) {
    const CodePoint c = decode_utf8(text, i);
    if (!is_python_space(c.value)) {
      begin = std::min(begin, i);
      end = i + c.size;
    }
    i += c.size;
  }
  return end == 0 ? std::string_view() : text.substr(begin, end - begin);
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

bool is_speakable(std::string_view text) {
  constexpr uint32_t kSilent = U_GC_P_MASK | U_GC_Z_MASK | U_GC_C_MASK;
  for (size_t i = 0; i < text.size();) {
    const CodePoint c = decode_utf8(text, i);
    if ((U_GET_GC_MASK(static_cast<UChar32>(c.value)) & kSilent) == 0) return true;
    i += c.size;
  }
  return false;
}

// Where a text of one language can be cut.
class Breaks {
 public:
  explicit Breaks(const std::string& language) : locale_(language.c_str()) {}

  [[nodiscard]] Cuts cuts(std::string_view text, Level level) {
    switch (level) {
      case Level::kSentence: {
        return keep(sentences(text), [text](size_t cut) {
          const std::string_view before = text.substr(0, cut);
          return !quote_goes_on(before, text.substr(cut)) && !ends_with_initial(before);
        });
      }
      case Level::kClause: {
        // Lines break at clauses, but neither in "1,000" nor before a closing quote.
        return keep(lines(text), [text](size_t cut) {
          const size_t from = cut - std::min(cut, kLookBack);
          return ends_clause(text.substr(from, cut - from));
        });
      }
      case Level::kWord: {
        // Lines keep the punctuation with its word; words are whole in a script without spaces.
        const Cuts all = words(text);
        return keep(lines(text),
                    [&all](size_t cut) { return std::binary_search(all.begin(), all.end(), cut); });
      }
      default:
        return at(characters_, icu::BreakIterator::createCharacterInstance, text);
    }
  }

 private:
  using Iterator = std::unique_ptr<icu::BreakIterator>;
  using Maker = icu::BreakIterator* (*)(const icu::Locale&, UErrorCode&);

  Cuts sentences(std::string_view text) { return at(sentences_, make_sentences, text); }
  Cuts lines(std::string_view text) {
    return at(lines_, icu::BreakIterator::createLineInstance, text);
  }
  Cuts words(std::string_view text) {
    return at(words_, icu::BreakIterator::createWordInstance, text);
  }

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

  template <class Predicate>
  static Cuts keep(const Cuts& cuts, Predicate is_good) {
    Cuts kept;
    std::copy_if(cuts.begin(), std::prev(cuts.end()), std::back_inserter(kept), std::ref(is_good));
    kept.push_back(cuts.back());  // the text's end
    return kept;
  }

  icu::Locale locale_;
  Iterator sentences_, lines_, words_, characters_;
};

class Splitter {
 public:
  Splitter(const SplitOptions& options, const TokenCounter& count_tokens)
      : options_(options), count_tokens_(count_tokens), breaks_(options.language) {}

  // Text without pauses.
  void add(std::string_view text) {
    for (size_t begin = 0; begin < text.size();) {
      const size_t end = line_end(text, begin);
      const std::string_view line = trim(text.substr(begin, end - begin));
      if (!line.empty()) {
        put_all(line, pack(line, breaks_.cuts(line, Level::kSentence), options_.pack_tokens),
                Level::kClause);
      }
      begin = end;
    }
  }

  void add_pause(double seconds) {
    pause_ = pause_.value_or(0) + seconds;
    if (*pause_ > kMostPauseSeconds) {
      fail(Status::kInvalidArgument, "pauses in a row must add up to {} s at most, got {} s",
           kMostPauseSeconds, *pause_);
    }
  }

  [[nodiscard]] SplitText finish() {
    if (!silent_.empty()) push(std::exchange(silent_, {}));
    result_.pause_after = pause_.value_or(0);
    return std::move(result_);
  }

 private:
  // Behind the line break: those of Unicode's newline function, as str.splitlines().
  static size_t line_end(std::string_view text, size_t from) {
    while (from < text.size()) {
      const CodePoint c = decode_utf8(text, from);
      from += c.size;
      const bool breaks = (c.value >= '\n' && c.value <= '\r') || c.value == 0x85 ||
                          c.value == 0x2028 || c.value == 0x2029;
      if (breaks) break;
    }
    return from;
  }

  [[nodiscard]] bool fits(std::string_view text, int64_t limit) const {
    text = trim(text);
    return text.empty() || (text.size() <= options_.max_bytes && count_tokens_(text) <= limit);
  }

  // Ends of pieces that have as many of the parts as fit; a part that exceeds the limit by itself
  // is one. Counting takes long, and there may be a part for every character: the last part that
  // fits is looked for in strides.
  [[nodiscard]] Cuts pack(std::string_view text, const Cuts& parts, int64_t limit) const {
    Cuts pieces;
    size_t begin = 0;
    for (size_t last = 0; last < parts.size(); ++last) {
      for (size_t stride = 1; stride > 0;) {
        const size_t next = last + stride;
        if (next < parts.size() && fits(text.substr(begin, parts[next] - begin), limit)) {
          last = next;
          stride *= 2;
        } else {
          stride /= 2;
        }
      }
      begin = parts[last];
      pieces.push_back(begin);
    }
    return pieces;
  }

  // No more pieces than max_tokens asks for, and the longest as short as that allows: else the
  // last one is often a single word.
  [[nodiscard]] Cuts pack_evenly(std::string_view text, const Cuts& parts) const {
    Cuts best = pack(text, parts, options_.max_tokens);
    int64_t low = 1, high = options_.max_tokens;
    while (low < high) {
      const int64_t middle = low + (high - low) / 2;
      Cuts pieces = pack(text, parts, middle);
      if (pieces.size() > best.size()) {
        low = middle + 1;
      } else {
        high = middle;
        best = std::move(pieces);
      }
    }
    return best;
  }

  // A piece that fits, or the pieces of one that does not, cut at `level`.
  void put_cut(std::string_view text, Level level) {
    if (fits(text, options_.max_tokens)) {
      put(text);
      return;
    }
    if (level == Level::kNone) refuse(text);
    put_all(text, pack_evenly(text, breaks_.cuts(text, level)),
            static_cast<Level>(static_cast<int>(level) + 1));
  }

  [[noreturn]] void refuse(std::string_view character) const {
    if (character.size() > options_.max_bytes) {
      fail(Status::kInvalidArgument, "a character must have at most {} bytes, got one of {}",
           options_.max_bytes, character.size());
    }
    fail(Status::kInvalidArgument, "max_tokens must be at least {} for the character {}, got {}",
         count_tokens_(trim(character)), character, options_.max_tokens);
  }

  // Those that do not fit are cut at `level`.
  void put_all(std::string_view text, const Cuts& cuts, Level level) {
    size_t begin = 0;
    for (const size_t end : cuts) {
      put_cut(text.substr(begin, end - begin), level);
      begin = end;
    }
  }

  void put(std::string_view text) {
    text = trim(text);
    if (text.empty()) return;
    if (is_speakable(text)) {
      std::string joined = silent_ + std::string(text);
      if (!silent_.empty() && !fits(joined, options_.max_tokens)) {
        push(silent_);
        joined = text;
      }
      silent_.clear();
      push(std::move(joined));
    } else if (!join_to_last(text)) {
      if (!silent_.empty() && !fits(silent_ + std::string(text), options_.max_tokens)) {
        push(std::exchange(silent_, {}));
      }
      silent_ += text;
    }
  }

  [[nodiscard]] bool join_to_last(std::string_view text) {
    if (result_.pieces.empty() || !silent_.empty()) return false;
    std::string joined = result_.pieces.back().text + std::string(text);
    if (!fits(joined, options_.max_tokens)) return false;
    result_.pieces.back().text = std::move(joined);
    return true;
  }

  void push(std::string text) {
    result_.pieces.push_back({std::move(text), std::exchange(pause_, std::nullopt)});
  }

  const SplitOptions& options_;
  const TokenCounter& count_tokens_;
  Breaks breaks_;
  std::optional<double> pause_;  // before the next piece
  std::string silent_;           // punctuation that the next piece begins with
  SplitText result_;
};

void check(std::string_view text, const SplitOptions& options) {
  if (const auto invalid = first_invalid_utf8(text)) {
    fail(Status::kInvalidArgument, "text must be UTF-8, byte {} is not", *invalid);
  }
  if (options.max_tokens < 1) {
    fail(Status::kInvalidArgument, "max_tokens must be 1 or more, got {}", options.max_tokens);
  }
  if (options.max_bytes < 1) {
    fail(Status::kInvalidArgument, "max_bytes must be 1 or more, got {}", options.max_bytes);
  }
  if (options.pack_tokens < 0) {
    fail(Status::kInvalidArgument, "pack_tokens must be 0 or more, got {}", options.pack_tokens);
  }
}

}  // namespace

SplitText split_text(std::string_view text, const SplitOptions& options,
                     const TokenCounter& count_tokens) {
  check(text, options);
  SplitOptions limits = options;
  limits.pack_tokens = std::min(options.pack_tokens, options.max_tokens);
  Splitter splitter(limits, count_tokens);
  size_t begin = 0;
  while (const auto pause = find_pause(text, begin)) {
    splitter.add(text.substr(begin, pause->begin - begin));
    splitter.add_pause(pause->seconds);
    begin = pause->end;
  }
  splitter.add(text.substr(begin));
  return splitter.finish();
}

}  // namespace chatterbox::text
