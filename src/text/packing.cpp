#include "text/packing.h"

#include <utility>

namespace chatterbox::text {

// To ask takes long (tokens are counted), and there may be a part for every character: the last
// part that fits is looked for in strides.
Cuts pack(const Cuts& parts, int64_t limit, const Fits& fits) {
  Cuts pieces;
  size_t begin = 0;
  for (size_t last = 0; last < parts.size(); ++last) {
    for (size_t stride = 1; stride > 0;) {
      const size_t next = last + stride;
      if (next < parts.size() && fits(begin, parts[next], limit)) {
        last = next;
        stride *= 2;
      } else {
        stride /= 2;
      }
    }
    begin = parts[last];
    pieces.push_back(begin);
  }
  return pieces;
}

Cuts pack_evenly(const Cuts& parts, int64_t limit, const Fits& fits) {
  Cuts best = pack(parts, limit, fits);
  int64_t low = 1, high = limit;
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    Cuts pieces = pack(parts, middle, fits);
    if (pieces.size() > best.size()) {
      low = middle + 1;
    } else {
      high = middle;
      best = std::move(pieces);
    }
  }
  return best;
}

}  // namespace chatterbox::text
