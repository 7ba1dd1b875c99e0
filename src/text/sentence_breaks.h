// Where a text may be cut: at the ends of sentences, clauses, words and characters.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "text/packing.h"

namespace chatterbox::text {

enum class BreakLevel { kSentence, kClause, kWord, kCharacter };

// The rules of one language. For one thread.
class SentenceBreaks {
 public:
  // "en", "zh", ...; unknown or empty: the rules of none.
  explicit SentenceBreaks(const std::string& language);
  ~SentenceBreaks();
  SentenceBreaks(const SentenceBreaks&) = delete;
  SentenceBreaks& operator=(const SentenceBreaks&) = delete;

  // The parts of a text, which is valid UTF-8 and not empty. Space and closing quotes belong to
  // what they follow. Sentences: no abbreviation or initial ends one ("Dr. J. R. Smith"), nor does
  // a quote that goes on ("Go!" he said). Clauses: neither "1,000" nor "well-known" is cut. Words
  // are whole in a script without spaces, too. Characters: as people see them.
  [[nodiscard]] Cuts cuts(std::string_view text, BreakLevel level);

 private:
  class Iterators;
  const std::unique_ptr<Iterators> iterators_;
};

}  // namespace chatterbox::text
