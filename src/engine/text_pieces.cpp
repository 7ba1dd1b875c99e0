#include "engine/text_pieces.h"

#include <string_view>
#include <utility>

#include "engine/make_task.h"
#include "support/error.h"
#include "text/splitter.h"

namespace chatterbox::engine {
namespace {

text::SplitText split(const std::string& text, runtime::Task& task,
                      const runtime::ModelCatalog& catalog) {
  text::SplitOptions options;
  options.language = task.language;
  options.max_tokens = catalog.piece_tokens();
  return text::split_text(text, options, [&](std::string_view piece) {
    task.text = piece;
    return catalog.text_tokens(task);
  });
}

}  // namespace

PiecesOfText split_into_pieces(const std::string& text, runtime::Task task,
                               const runtime::ModelCatalog& catalog) {
  text::SplitText split_text = split(text, task, catalog);
  if (split_text.pieces.empty()) {
    fail(Status::kInvalidArgument, "text has nothing to speak but pauses");
  }
  PiecesOfText all;
  all.pause_after = split_text.pause_after;
  for (text::TextPiece& piece : split_text.pieces) {
    set_text(task, piece.text, catalog);
    all.bytes += static_cast<int64_t>(sizeof(PieceOfText) + piece.text.size() +
                                      task.text_ids.size() * sizeof(int64_t));
    all.pieces.push_back({std::move(piece.text), std::move(task.text_ids), piece.pause_before,
                          piece.begin, piece.end});
  }
  return all;
}

}  // namespace chatterbox::engine
