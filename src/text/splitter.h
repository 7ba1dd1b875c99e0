// A long text in pieces that one request can speak each.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chatterbox::text {

struct TextPiece {
  std::string text;  // without space around it
  // Seconds of silence before it, 0 to 10, where the text asks for them; 0: none at all. Nothing:
  // whatever usually lies between two pieces.
  std::optional<double> pause_before = std::nullopt;
  // Its place in the text that was split, in bytes, without space around it. Places rise and do not
  // overlap.
  size_t begin = 0, end = 0;
  // Between punctuation and what it joined, white space and pauses may lie.
  struct Part {
    size_t at = 0;     // in the piece
    size_t begin = 0;  // in the text that was split
  };
  std::vector<Part> joined = {};  // what was joined to its first part

  // Of a byte of the piece.
  [[nodiscard]] size_t place_of(size_t at) const;
};

struct SplitText {
  std::vector<TextPiece> pieces;  // none where the text is blank
  double pause_after = 0;         // seconds of silence behind the last piece
};

// Tokens of a piece, with whatever the model adds to each.
using TokenCounter = std::function<int64_t(std::string_view)>;

struct SplitOptions {
  std::string language;    // "en", "zh", ... of the rules for sentences and words; empty: of none
  int64_t max_tokens = 0;  // of a piece, from 1 on
  // Neighbouring sentences of a paragraph share a piece of so many tokens at most. A sentence by
  // itself sounds cut off from the next, and one of a word or two is often spoken badly; long
  // pieces drift, and the first sound comes late. 0: every sentence is a piece. By default about
  // two sentences of common length.
  int64_t pack_tokens = 64;
  // Bytes of a piece, from 1 on, however few tokens they are: some tokenizers take a long run of
  // spaces, or of what they do not know, for one. No more are counted either: GPT-2's refuses more
  // than 1024 tokens (model_max_length), and none of its tokens has less than a byte.
  size_t max_bytes = 1000;
};

// Cuts a text (UTF-8) at pauses (see pause_markup.h) and line breaks, then at the ends of
// sentences; a sentence of more than max_tokens or max_bytes at clauses, a clause at words, a word
// between characters as people see them, into as few pieces as there can be, of about the same
// length. Nothing but white space and pauses is left out, and nothing is changed. Punctuation that
// would be a piece by itself joins the piece before it, or else the one behind it, where it fits.
// Pauses with nothing between them add up.
//
// Looks at a few kilobytes at a time, so that the first pieces of a text come as soon as those of a
// short one; a sentence of more than 8000 bytes is cut as if it ended there.
class TextSplitter {
 public:
  // `text` must outlive it. kInvalidArgument: text that is not UTF-8, a pause that is malformed or
  // over 10 s, a limit out of range.
  TextSplitter(std::string_view text, const SplitOptions& options, TokenCounter count_tokens);
  ~TextSplitter();
  TextSplitter(const TextSplitter&) = delete;
  TextSplitter& operator=(const TextSplitter&) = delete;

  // The pieces that follow; none where there are no more. kInvalidArgument: pauses in a row of more
  // than 10 s, a character that exceeds a limit; after that nothing may be called.
  [[nodiscard]] std::vector<TextPiece> next();
  [[nodiscard]] bool done() const;
  [[nodiscard]] double pause_after() const;  // as of SplitText, once done

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// All at once.
[[nodiscard]] SplitText split_text(std::string_view text, const SplitOptions& options,
                                   const TokenCounter& count_tokens);

}  // namespace chatterbox::text
