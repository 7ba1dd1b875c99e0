#include "text/splitter.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "support/error.h"
#include "support/utf8.h"
#include "text/packing.h"
#include "text/pause_markup.h"
#include "text/sentence_breaks.h"
#include "text/unicode.h"

namespace chatterbox::text {
namespace {

bool is_speakable(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const CodePoint c = decode_utf8(text, i);
    if (text::is_speakable(c.value)) return true;
    i += c.size;
  }
  return false;
}

// Behind the line break: those of Unicode's newline function, as str.splitlines().
size_t line_end(std::string_view text, size_t from) {
  while (from < text.size()) {
    const CodePoint c = decode_utf8(text, from);
    from += c.size;
    const bool breaks = (c.value >= '\n' && c.value <= '\r') || c.value == 0x85 ||
                        c.value == 0x2028 || c.value == 0x2029;
    if (breaks) break;
  }
  return from;
}

// What one level cuts and finds too long; nothing finer than characters.
std::optional<BreakLevel> finer(BreakLevel level) {
  if (level == BreakLevel::kCharacter) return std::nullopt;
  return static_cast<BreakLevel>(static_cast<int>(level) + 1);
}

class Splitter {
 public:
  // `whole`: what all texts below are parts of.
  Splitter(std::string_view whole, const SplitOptions& options, const TokenCounter& count_tokens)
      : whole_(whole), options_(options), count_tokens_(count_tokens), breaks_(options.language) {}

  // Text without pauses.
  void add(std::string_view text) {
    for (size_t begin = 0; begin < text.size();) {
      const size_t end = line_end(text, begin);
      const std::string_view line = trim(text.substr(begin, end - begin));
      if (!line.empty()) {
        const Cuts sentences = breaks_.cuts(line, BreakLevel::kSentence);
        put_all(line, pack(sentences, options_.pack_tokens, fits_in(line)), BreakLevel::kClause);
      }
      begin = end;
    }
  }

  void add_pause(double seconds) {
    pause_ = pause_.value_or(0) + seconds;
    if (*pause_ > kMaxPauseSeconds) {
      fail(Status::kInvalidArgument, "pauses in a row must add up to {} s at most, got {} s",
           kMaxPauseSeconds, *pause_);
    }
  }

  [[nodiscard]] SplitText finish() {
    push_silent();
    result_.pause_after = pause_.value_or(0);
    return std::move(result_);
  }

 private:
  [[nodiscard]] bool fits(std::string_view text, int64_t limit) const {
    text = trim(text);
    return text.empty() || (text.size() <= options_.max_bytes && count_tokens_(text) <= limit);
  }

  [[nodiscard]] Fits fits_in(std::string_view text) const {
    return [this, text](size_t begin, size_t end, int64_t limit) {
      return fits(text.substr(begin, end - begin), limit);
    };
  }

  // A piece that fits, or the pieces of one that does not, cut at `level`.
  void put_cut(std::string_view text, std::optional<BreakLevel> level) {
    if (fits(text, options_.max_tokens)) {
      put(text);
      return;
    }
    if (!level) refuse(text);
    const Cuts parts = breaks_.cuts(text, *level);
    put_all(text, pack_evenly(parts, options_.max_tokens, fits_in(text)), finer(*level));
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
  void put_all(std::string_view text, const Cuts& cuts, std::optional<BreakLevel> level) {
    size_t begin = 0;
    for (const size_t end : cuts) {
      put_cut(text.substr(begin, end - begin), level);
      begin = end;
    }
  }

  void put(std::string_view text) {
    text = trim(text);
    if (text.empty()) return;
    const auto begin = static_cast<size_t>(text.data() - whole_.data());
    TextPiece piece = {std::string(text), std::nullopt, begin, begin + text.size()};
    if (is_speakable(text)) {
      const bool joined = silent_ && join(*silent_, piece);
      push_silent();
      if (!joined) push(std::move(piece));
    } else if (silent_ ? !join(*silent_, piece) : !join_to_last(piece)) {
      push_silent();
      silent_ = std::move(piece);
    }
  }

  // Where both are short enough together.
  [[nodiscard]] bool join(TextPiece& piece, const TextPiece& next) const {
    std::string joined = piece.text + next.text;
    if (!fits(joined, options_.max_tokens)) return false;
    piece.joined.push_back({piece.text.size(), next.begin});
    for (const TextPiece::Part& part : next.joined) {
      piece.joined.push_back({piece.text.size() + part.at, part.begin});
    }
    piece.text = std::move(joined);
    piece.end = next.end;
    return true;
  }

  [[nodiscard]] bool join_to_last(const TextPiece& piece) {
    return !result_.pieces.empty() && join(result_.pieces.back(), piece);
  }

  void push_silent() {
    if (silent_) push(*std::exchange(silent_, std::nullopt));
  }

  void push(TextPiece piece) {
    piece.pause_before = std::exchange(pause_, std::nullopt);
    result_.pieces.push_back(std::move(piece));
  }

  const std::string_view whole_;
  const SplitOptions& options_;
  const TokenCounter& count_tokens_;
  SentenceBreaks breaks_;
  std::optional<double> pause_;      // before the next piece
  std::optional<TextPiece> silent_;  // punctuation that the next piece begins with
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

size_t TextPiece::place_of(size_t at) const {
  const auto next =
      std::upper_bound(joined.begin(), joined.end(), at,
                       [](size_t value, const Part& part) { return value < part.at; });
  const Part part = next == joined.begin() ? Part{0, begin} : *std::prev(next);
  return part.begin + (at - part.at);
}

SplitText split_text(std::string_view text, const SplitOptions& options,
                     const TokenCounter& count_tokens) {
  check(text, options);
  SplitOptions limits = options;
  limits.pack_tokens = std::min(options.pack_tokens, options.max_tokens);
  Splitter splitter(text, limits, count_tokens);
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
