// The pieces of a long text, ready for the models.
#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/request.h"
#include "runtime/model_catalog.h"
#include "text/splitter.h"

namespace chatterbox::engine {

struct PieceOfText {
  std::string text;
  std::vector<int64_t> ids;
  std::vector<text::TextWord> words;   // in the places of the whole text; with word_times
  std::optional<double> pause_before;  // as of text::TextPiece
  size_t begin = 0, end = 0;           // its place in the whole text, in bytes
};

struct PiecesOfText {
  std::vector<PieceOfText> pieces;
  double pause_after = 0;
  int64_t bytes = 0;  // that they hold
};

// A text that is there as a whole, which becomes pieces as they are asked for.
class WholeText {
 public:
  // `task` is the request's, without its text, which was validated. Throws what text::TextSplitter
  // throws.
  WholeText(std::string text, runtime::Task task, const runtime::ModelCatalog& catalog);

  // The pieces of the next few kilobytes: at least one, unless there are no more. Throws what the
  // splitter and the catalog's encode() and check() throw, and kInvalidArgument where there is
  // nothing to speak.
  [[nodiscard]] PiecesOfText next(const runtime::ModelCatalog& catalog);
  [[nodiscard]] bool done() const { return splitter_.done(); }
  [[nodiscard]] int64_t bytes() const { return static_cast<int64_t>(text_.size()); }

 private:
  const std::string text_;
  runtime::Task task_;
  const runtime::ModelCatalog* catalog_;  // of the call
  text::TextSplitter splitter_;
  bool speaks_ = false;  // it has a piece
};

// What was fed of a text that comes by and by, until it is split: a few kilobytes at a time,
// however much came at once.
class FedText {
 public:
  struct Part {
    std::string text;
    bool flush;  // what is there is to be spoken
  };
  // UTF-8. kInvalidArgument: a pause that is malformed or too long; nothing was taken then.
  void add(std::string_view text, bool flush);
  [[nodiscard]] std::optional<Part> next();
  [[nodiscard]] bool empty() const { return parts_.empty(); }
  [[nodiscard]] size_t bytes() const { return bytes_; }  // of all that was added

 private:
  std::list<Part> parts_;
  std::string open_mark_;  // at the end of what was added
  size_t bytes_ = 0;
};

// A text that comes by and by, as pieces.
class GrowingText {
 public:
  // Takes what follows, and gives the pieces that are complete: all but the last, unless it is to
  // be flushed. There may be none. Throws as WholeText::next().
  [[nodiscard]] PiecesOfText take(const FedText::Part& part, const runtime::Task& task,
                                  const runtime::ModelCatalog& catalog);

 private:
  std::string rest_;
  size_t begin_ = 0;  // of the rest, in the whole text
};

}  // namespace chatterbox::engine
