#include "text/packing.h"

#include <algorithm>
#include <utility>

namespace chatterbox::text {
namespace {

// The last number in [low, high) that is good, where low is and what is above a bad one is bad.
// Looks around `guess` first, in growing steps: to ask takes long (tokens are counted).
template <class IsGood>
size_t last_good(size_t low, size_t high, size_t guess, const IsGood& is_good) {
  guess = std::clamp(guess, low, high - 1);
  size_t step = std::max<size_t>(1, (guess - low) / 16);
  if (guess == low || is_good(guess)) {
    low = guess;
    while (step < high - low && is_good(low + step)) {
      low += step;
      step *= 2;
    }
    high = std::min(high, low + step);
  } else {
    high = guess;
    while (step < high - low && !is_good(high - step)) {
      high -= step;
      step *= 2;
    }
    if (step < high - low) low = high - step;
  }
  while (high - low > 1) {
    const size_t middle = low + (high - low) / 2;
    (is_good(middle) ? low : high) = middle;
  }
  return low;
}

size_t longest(const Cuts& pieces) {
  size_t most = 1, begin = 0;
  for (const size_t end : pieces) {
    most = std::max(most, end - begin);
    begin = end;
  }
  return most;
}

}  // namespace

// There may be a part for every character. A piece is guessed to have as many parts as the one
// before it.
Cuts pack(const Cuts& parts, int64_t limit, const Fits& fits) {
  Cuts pieces;
  size_t begin = 0, more = 1;
  for (size_t first = 0; first < parts.size();) {
    const size_t last = last_good(first, parts.size(), first + more,
                                  [&](size_t part) { return fits(begin, parts[part], limit); });
    more = std::max<size_t>(1, last - first);
    first = last + 1;
    begin = parts[last];
    pieces.push_back(begin);
  }
  return pieces;
}

// The least limit with so few pieces is guessed to be the mean of the pieces' lengths.
Cuts pack_evenly(const Cuts& parts, int64_t limit, const Fits& fits) {
  Cuts best = pack(parts, limit, fits);
  if (best.size() < 2 || limit < 2) return best;
  const auto most = static_cast<size_t>(limit);
  const double fill =
      static_cast<double>(best.back()) / static_cast<double>(best.size() * longest(best));
  const auto spare = static_cast<size_t>(static_cast<double>(limit) * (1 - fill));
  const size_t pieces = best.size();
  // How much less than the limit is enough.
  (void)last_good(0, most, spare, [&](size_t less) {
    Cuts packed = pack(parts, limit - static_cast<int64_t>(less), fits);
    if (packed.size() > pieces) return false;
    best = std::move(packed);
    return true;
  });
  return best;
}

}  // namespace chatterbox::text
