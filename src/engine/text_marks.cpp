#include "engine/text_marks.h"

#include <algorithm>
#include <iterator>

namespace chatterbox::engine {

// The first that was not heard to its end.
TextMarks::Marks::const_iterator TextMarks::behind(const Marks& marks, int64_t samples) {
  return std::upper_bound(marks.begin(), marks.end(), samples,
                          [](int64_t value, const Mark& mark) { return value < mark.sample; });
}

Heard TextMarks::heard(int64_t samples) const {
  const auto piece = behind(pieces_, samples);
  const auto word = behind(words_, samples);
  Heard heard;
  heard.samples = samples;
  heard.pieces = static_cast<size_t>(piece - pieces_.begin());
  if (piece != pieces_.begin()) heard.text_end = std::prev(piece)->text_end;
  if (word != words_.begin()) heard.text_end = std::max(heard.text_end, std::prev(word)->text_end);
  return heard;
}

}  // namespace chatterbox::engine
