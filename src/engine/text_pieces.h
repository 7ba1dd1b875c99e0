// The pieces of a long text, ready for the models.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/request.h"
#include "runtime/model_catalog.h"

namespace chatterbox::engine {

struct PieceOfText {
  std::string text;
  std::vector<int64_t> ids;
  std::optional<double> pause_before;  // as of text::TextPiece
  size_t begin = 0, end = 0;           // its place in the whole text, in bytes
};

struct PiecesOfText {
  std::vector<PieceOfText> pieces;
  double pause_after = 0;
  int64_t bytes = 0;  // that they hold
};

// `task` is the request's, without its text, which was validated. Throws what the splitter and the
// catalog's encode() and check() throw, and kInvalidArgument where there is nothing to speak.
[[nodiscard]] PiecesOfText split_into_pieces(const std::string& text, runtime::Task task,
                                             const runtime::ModelCatalog& catalog);

}  // namespace chatterbox::engine
