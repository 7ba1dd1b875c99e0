#include "engine/text_pieces.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "engine/make_task.h"
#include "support/error.h"
#include "text/pause_markup.h"

namespace chatterbox::engine {
namespace {

// Take some milliseconds to split, and are minutes of speech.
constexpr size_t kBytesAtATime = 8192;

text::SplitOptions split_options(const runtime::Task& task, const runtime::ModelCatalog& catalog) {
  text::SplitOptions options;
  options.language = task.language;
  options.max_tokens = catalog.piece_tokens();
  return options;
}

int64_t count_tokens(std::string_view piece, runtime::Task& task,
                     const runtime::ModelCatalog& catalog) {
  task.text = piece;
  return catalog.text_tokens(task);
}

// To places in the whole text, of which the piece begins so many bytes behind where it says.
void to_whole_text(const text::TextPiece& piece, size_t offset,
                   std::vector<text::TextWord>& words) {
  for (text::TextWord& word : words) {
    word.begin = offset + piece.place_of(word.begin);
    word.end = offset + piece.place_of(word.end - 1) + 1;
  }
}

// Adds one, which begins so many bytes behind where it says.
void add(const text::TextPiece& piece, size_t offset, runtime::Task& task,
         const runtime::ModelCatalog& catalog, PiecesOfText& all) {
  set_text(task, piece.text, catalog);
  to_whole_text(piece, offset, task.words);
  all.bytes += static_cast<int64_t>(sizeof(PieceOfText) + piece.text.size() +
                                    task.text_ids.size() * sizeof(int64_t) +
                                    task.words.size() * sizeof(text::TextWord));
  all.pieces.push_back({piece.text, std::move(task.text_ids), std::move(task.words),
                        piece.pause_before, offset + piece.begin, offset + piece.end});
}

// Up to a mark of which the end has not come. What is longer than any mark is none, and nobody
// waits for its end.
std::string_view without_open_mark(std::string_view text) {
  constexpr size_t kMaxMarkBytes = 64;
  const size_t begin = text.rfind('[');
  const bool open = begin != std::string_view::npos && text.size() - begin <= kMaxMarkBytes &&
                    text.find(']', begin) == text.npos;
  return open ? text.substr(0, begin) : text;
}

}  // namespace

WholeText::WholeText(std::string text, runtime::Task task, const runtime::ModelCatalog& catalog)
    : text_(std::move(text)),
      task_(std::move(task)),
      catalog_(&catalog),
      splitter_(text_, split_options(task_, catalog),
                [this](std::string_view piece) { return count_tokens(piece, task_, *catalog_); }) {}

PiecesOfText WholeText::next(const runtime::ModelCatalog& catalog) {
  catalog_ = &catalog;
  PiecesOfText some;
  const auto bytes = [&some] {
    return some.pieces.empty() ? 0 : some.pieces.back().end - some.pieces.front().begin;
  };
  while (!splitter_.done() && bytes() < kBytesAtATime) {
    for (const text::TextPiece& piece : splitter_.next()) add(piece, 0, task_, catalog, some);
  }
  speaks_ = speaks_ || !some.pieces.empty();
  if (!splitter_.done()) return some;
  if (!speaks_) fail(Status::kInvalidArgument, "text has nothing to speak but pauses");
  some.pause_after = splitter_.pause_after();
  return some;
}

void FedText::add(std::string_view text, bool flush) {
  std::string known = open_mark_ + std::string(text);
  const size_t marked = (flush ? known : without_open_mark(known)).size();
  text::check_pauses(std::string_view(known).substr(0, marked));
  std::list<Part> parts;
  for (size_t begin = 0, end = 0; end < text.size(); begin = end) {
    end = std::min(text.size(), begin + kBytesAtATime);
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    parts.push_back({std::string(text.substr(begin, end - begin)), false});
  }
  if (flush && parts.empty()) parts.push_back({});
  if (flush) parts.back().flush = true;
  known.erase(0, marked);
  open_mark_ = std::move(known);
  bytes_ += text.size();
  parts_.splice(parts_.end(), parts);
}

std::optional<FedText::Part> FedText::next() {
  if (parts_.empty()) return std::nullopt;
  Part part = std::move(parts_.front());
  parts_.pop_front();
  return part;
}

PiecesOfText GrowingText::take(const FedText::Part& part, const runtime::Task& task,
                               const runtime::ModelCatalog& catalog) {
  // Sentences of a word or two share a piece with others, but none waits for much behind it.
  constexpr int64_t kPackTokens = 24;
  std::string grown = rest_ + part.text;
  runtime::Task piece_task = task;
  const std::string_view known = part.flush ? std::string_view(grown) : without_open_mark(grown);
  text::SplitOptions options = split_options(task, catalog);
  options.pack_tokens = kPackTokens;
  text::SplitText split_text = text::split_text(known, options, [&](std::string_view piece) {
    return count_tokens(piece, piece_task, catalog);
  });
  std::vector<text::TextPiece>& pieces = split_text.pieces;
  if (!part.flush && !pieces.empty()) pieces.pop_back();
  PiecesOfText all;
  const size_t end = part.flush ? grown.size() : pieces.empty() ? 0 : pieces.back().end;
  if (part.flush) all.pause_after = split_text.pause_after;
  for (const text::TextPiece& piece : pieces) add(piece, begin_, piece_task, catalog, all);
  grown.erase(0, end);
  rest_ = std::move(grown);
  begin_ += end;
  return all;
}

}  // namespace chatterbox::engine
