#include "text/pause_markup.h"

#include <algorithm>
#include <charconv>

#include "support/error.h"
#include "support/utf8.h"

namespace chatterbox::text {
namespace {

constexpr std::string_view kStart = "[pause";

// std::isdigit and its like depend on the host's locale.
bool is_digit(char c) { return c >= '0' && c <= '9'; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool starts_with(std::string_view text, std::string_view lower_case) {
  return text.size() >= lower_case.size() &&
         std::equal(lower_case.begin(), lower_case.end(), text.begin(),
                    [](char expected, char c) { return lower(c) == expected; });
}

// What a message shows of `mark`, which starts a pause.
std::string_view excerpt(std::string_view mark) {
  constexpr size_t kMaxBytes = 40;
  const size_t close = mark.find(']');
  if (close < kMaxBytes) return mark.substr(0, close + 1);
  size_t size = 0;
  // A byte that is not UTF-8 is one, too.
  for (; size < mark.size(); size += std::max<size_t>(1, decode_utf8(mark, size).size)) {
    if (size >= kMaxBytes || mark[size] == '\n' || mark[size] == '\r') break;
  }
  return mark.substr(0, size);
}

// Of "1.5s" or "500ms"; nothing where it is neither.
std::optional<double> parse_seconds(std::string_view duration) {
  double value = 0;
  const char* const end = duration.data() + duration.size();
  if (duration.empty() || !is_digit(duration.front())) return std::nullopt;  // "-1", "inf"
  const auto [rest, error] = std::from_chars(duration.data(), end, value, std::chars_format::fixed);
  if (error != std::errc()) return std::nullopt;
  const std::string_view unit(rest, static_cast<size_t>(end - rest));
  if (unit.size() == 2 && starts_with(unit, "ms")) return value / 1000;
  if (unit.size() == 1 && starts_with(unit, "s")) return value;
  return std::nullopt;
}

// `mark` starts with kStart.
PauseMark parse(std::string_view mark) {
  const size_t close = mark.find(']');
  std::optional<double> seconds;
  if (close != std::string_view::npos && mark[kStart.size()] == ':') {
    seconds = parse_seconds(mark.substr(kStart.size() + 1, close - kStart.size() - 1));
  }
  if (!seconds) {
    fail(Status::kInvalidArgument,
         "a pause must read [pause:500ms] or [pause:1.5s], 0 to {} s, got {}", kMaxPauseSeconds,
         excerpt(mark));
  }
  if (*seconds > kMaxPauseSeconds) {
    fail(Status::kInvalidArgument, "a pause must be in [0, {}] s, got {}", kMaxPauseSeconds,
         excerpt(mark));
  }
  return {0, close + 1, *seconds};
}

}  // namespace

std::optional<PauseMark> find_pause(std::string_view text, size_t from) {
  for (size_t at = text.find('[', from); at < text.size(); at = text.find('[', at + 1)) {
    const std::string_view mark = text.substr(at);
    if (!starts_with(mark, kStart)) continue;
    const char next = mark.size() > kStart.size() ? lower(mark[kStart.size()]) : ' ';
    if (next >= 'a' && next <= 'z') continue;  // "[paused]"
    PauseMark pause = parse(mark);
    pause.begin += at;
    pause.end += at;
    return pause;
  }
  return std::nullopt;
}

void check_pauses(std::string_view text) {
  for (size_t at = 0; const auto pause = find_pause(text, at);) at = pause->end;
}

}  // namespace chatterbox::text
