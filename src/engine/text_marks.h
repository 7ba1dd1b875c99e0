// Which part of a text lies before a sample of its speech.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/job.h"

namespace chatterbox::engine {

class TextMarks {
 public:
  // Pieces and words, each in their order: `sample` is the first one behind it, `text_end` the
  // first byte.
  void end_piece(int64_t sample, size_t text_end) { pieces_.push_back({sample, text_end}); }
  void end_word(int64_t sample, size_t text_end) { words_.push_back({sample, text_end}); }

  // By somebody who has heard so many samples.
  [[nodiscard]] Heard heard(int64_t samples) const;

 private:
  struct Mark {
    int64_t sample;
    size_t text_end;
  };
  using Marks = std::vector<Mark>;

  [[nodiscard]] static Marks::const_iterator behind(const Marks& marks, int64_t samples);

  Marks pieces_, words_;
};

}  // namespace chatterbox::engine
