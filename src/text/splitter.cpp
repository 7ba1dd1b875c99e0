#include "text/splitter.h"

#include <algorithm>
#include <iterator>
#include <map>
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

// So much is looked at at a time; or more, where pieces may be that long.
constexpr size_t kWindowBytes = size_t{8} << 10U;
constexpr size_t kPiecesInView = 4;
// Whether a sentence ends may depend on the next letter (UAX 29, SB8): a cut nearer to the window's
// end is not known yet.
constexpr size_t kLookAhead = 192;

// What one level cuts and finds too long; nothing finer than characters.
std::optional<BreakLevel> finer(BreakLevel level) {
  if (level == BreakLevel::kCharacter) return std::nullopt;
  return static_cast<BreakLevel>(static_cast<int>(level) + 1);
}

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
  check_pauses(text);
}

}  // namespace

class TextSplitter::Impl {
 public:
  Impl(std::string_view text, const SplitOptions& options, TokenCounter count_tokens)
      : whole_(text),
        options_(options),
        count_tokens_(std::move(count_tokens)),
        window_(std::max(kWindowBytes, kPiecesInView * options.max_bytes)),
        breaks_(options.language) {
    options_.pack_tokens = std::min(options.pack_tokens, options.max_tokens);
    find_next_pause();
  }

  std::vector<TextPiece> next() {
    // Punctuation may still join the last one.
    while (!done_ && pieces_.size() < 2) advance();
    std::vector<TextPiece> ready = std::exchange(pieces_, {});
    if (!done_) {
      pieces_.push_back(std::move(ready.back()));
      ready.pop_back();
    }
    return ready;
  }

  [[nodiscard]] bool done() const { return done_ && pieces_.empty(); }
  [[nodiscard]] double pause_after() const { return pause_.value_or(0); }

 private:
  // Up to the next line break or pause, and not farther than the window.
  void advance() {
    const size_t end = segment_end();
    if (at_ == end) return end_segment();
    size_t limit = end;
    if (end - at_ > window_) {
      limit = at_ + window_;
      while ((static_cast<unsigned char>(whole_[limit]) & 0xC0U) == 0x80U) --limit;
    }
    const size_t stop = line_end(whole_.substr(0, limit), at_);
    const std::string_view line = trim(whole_.substr(at_, stop - at_));
    const bool goes_on = stop == limit && limit < end;
    at_ = stop;
    counted_.clear();
    if (line.empty()) return;
    const Cuts sentences = breaks_.cuts(line, BreakLevel::kSentence);
    Cuts pieces = pack(sentences, options_.pack_tokens, fits_in(line));
    if (goes_on) {
      const auto begin = static_cast<size_t>(line.data() - whole_.data());
      keep_known(line, stop - begin, pieces);
      at_ = begin + pieces.back();
    }
    put_all(line, pieces, BreakLevel::kClause);
  }

  // Of a line that goes on behind `seen` bytes, the pieces that do not depend on it; one at least.
  void keep_known(std::string_view line, size_t seen, Cuts& pieces) {
    const size_t known = seen - std::min(seen, kLookAhead);
    while (!pieces.empty() && pieces.back() > known) pieces.pop_back();
    if (!pieces.empty()) return;
    for (const BreakLevel level :
         {BreakLevel::kClause, BreakLevel::kWord, BreakLevel::kCharacter}) {
      const Cuts cuts = breaks_.cuts(line, level);
      const auto behind = std::upper_bound(cuts.begin(), cuts.end(), known);
      if (behind == cuts.begin()) continue;
      pieces = {*std::prev(behind)};
      return;
    }
    pieces = {line.size()};  // no character is so long: it will be refused
  }

  [[nodiscard]] size_t segment_end() const {
    return pause_ahead_ ? pause_ahead_->begin : whole_.size();
  }

  void end_segment() {
    if (!pause_ahead_) {
      push_silent();
      done_ = true;
      return;
    }
    add_pause(pause_ahead_->seconds);
    at_ = pause_ahead_->end;
    find_next_pause();
  }

  void find_next_pause() { pause_ahead_ = find_pause(whole_, at_); }

  void add_pause(double seconds) {
    pause_ = pause_.value_or(0) + seconds;
    if (*pause_ > kMaxPauseSeconds) {
      fail(Status::kInvalidArgument, "pauses in a row must add up to {} s at most, got {} s",
           kMaxPauseSeconds, *pause_);
    }
  }

  [[nodiscard]] bool fits(std::string_view text, int64_t limit) const {
    text = trim(text);
    return text.empty() || (text.size() <= options_.max_bytes && count(text) <= limit);
  }

  // Once each: whether a part fits is asked with several limits.
  [[nodiscard]] int64_t count(std::string_view part) const {
    const auto [known, is_new] = counted_.try_emplace({part.data(), part.size()}, 0);
    if (is_new) known->second = count_tokens_(part);
    return known->second;
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
    if (joined.size() > options_.max_bytes || count_tokens_(joined) > options_.max_tokens) {
      return false;
    }
    piece.joined.push_back({piece.text.size(), next.begin});
    for (const TextPiece::Part& part : next.joined) {
      piece.joined.push_back({piece.text.size() + part.at, part.begin});
    }
    piece.text = std::move(joined);
    piece.end = next.end;
    return true;
  }

  [[nodiscard]] bool join_to_last(const TextPiece& piece) {
    return !pieces_.empty() && join(pieces_.back(), piece);
  }

  void push_silent() {
    if (silent_) push(*std::exchange(silent_, std::nullopt));
  }

  void push(TextPiece piece) {
    piece.pause_before = std::exchange(pause_, std::nullopt);
    pieces_.push_back(std::move(piece));
  }

  const std::string_view whole_;
  SplitOptions options_;
  const TokenCounter count_tokens_;
  const size_t window_;
  SentenceBreaks breaks_;
  size_t at_ = 0;  // what is before it has been cut
  std::optional<PauseMark> pause_ahead_;
  std::optional<double> pause_;      // before the next piece
  std::optional<TextPiece> silent_;  // punctuation that the next piece begins with
  std::vector<TextPiece> pieces_;    // that nobody has got yet
  bool done_ = false;
  mutable std::map<std::pair<const char*, size_t>, int64_t> counted_;  // parts of the line
};

TextSplitter::TextSplitter(std::string_view text, const SplitOptions& options,
                           TokenCounter count_tokens) {
  check(text, options);
  impl_ = std::make_unique<Impl>(text, options, std::move(count_tokens));
}

TextSplitter::~TextSplitter() = default;

std::vector<TextPiece> TextSplitter::next() { return impl_->next(); }

bool TextSplitter::done() const { return impl_->done(); }

double TextSplitter::pause_after() const { return impl_->pause_after(); }

size_t TextPiece::place_of(size_t at) const {
  const auto next =
      std::upper_bound(joined.begin(), joined.end(), at,
                       [](size_t value, const Part& part) { return value < part.at; });
  const Part part = next == joined.begin() ? Part{0, begin} : *std::prev(next);
  return part.begin + (at - part.at);
}

SplitText split_text(std::string_view text, const SplitOptions& options,
                     const TokenCounter& count_tokens) {
  TextSplitter splitter(text, options, count_tokens);
  SplitText all;
  while (!splitter.done()) {
    std::vector<TextPiece> more = splitter.next();
    std::move(more.begin(), more.end(), std::back_inserter(all.pieces));
  }
  all.pause_after = splitter.pause_after();
  return all;
}

}  // namespace chatterbox::text
