#include "t3/unmasking.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace chatterbox::t3 {

std::vector<int64_t> unmasking_schedule(int64_t size, const BlockOptions& options) {
  const double shift = options.schedule_shift;
  std::vector<int64_t> counts;
  int64_t filled = 0;
  for (int64_t pass = 0; pass + 1 < options.passes; ++pass) {
    int64_t count = size / options.passes;
    if (shift > 0) {
      const double done = static_cast<double>(pass + 1) / static_cast<double>(options.passes);
      const double share = shift * done / (1 + (shift - 1) * done);
      // Halves to even, as Python rounds.
      const auto target = static_cast<int64_t>(std::nearbyint(static_cast<double>(size) * share));
      count = std::clamp<int64_t>(target - filled, 0, size - filled);
    }
    counts.push_back(count);
    filled += count;
  }
  counts.push_back(size - filled);
  return counts;
}

// In float, as torch computes it: where scores lie close together, its rounding counts.
float quantile(std::vector<float> scores, double share) {
  std::sort(scores.begin(), scores.end());
  const float rank = static_cast<float>(share) * static_cast<float>(scores.size() - 1);
  const float below_rank = std::floor(rank);
  const float weight = rank - below_rank;
  const float below = scores[static_cast<size_t>(below_rank)];
  const float above = scores[static_cast<size_t>(std::ceil(rank))];
  return weight < 0.5F ? below + weight * (above - below) : above - (above - below) * (1 - weight);
}

int64_t early_count(const std::vector<float>& scores, int64_t pass, const BlockOptions& options) {
  const double tau = options.early_decoding;
  if (tau <= 0 || scores.empty()) return 0;
  const double share =
      std::max(0.0, 1 - tau * static_cast<double>(pass + 1) / static_cast<double>(options.passes));
  const float threshold = quantile(scores, share);
  return std::count_if(scores.begin(), scores.end(),
                       [=](float score) { return score >= threshold; });
}

std::vector<size_t> highest(const std::vector<float>& scores, int64_t count) {
  std::vector<size_t> places(scores.size());
  std::iota(places.begin(), places.end(), size_t{0});
  std::stable_sort(places.begin(), places.end(),
                   [&](size_t a, size_t b) { return scores[a] > scores[b]; });
  places.resize(static_cast<size_t>(count));
  std::sort(places.begin(), places.end());
  return places;
}

}  // namespace chatterbox::t3
