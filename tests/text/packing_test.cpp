// Packing by itself: random parts of random lengths, and what must hold whatever they are.
#include "text/packing.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <random>

namespace chatterbox::text {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Every byte of a made-up text weighs something; what lies between two places, the sum.
class Weights {
 public:
  Weights(std::mt19937& random, size_t size) : sums_(size + 1) {
    for (size_t i = 0; i < size; ++i) sums_[i + 1] = sums_[i] + static_cast<int64_t>(random() % 4);
  }
  [[nodiscard]] int64_t of(size_t begin, size_t end) const { return sums_[end] - sums_[begin]; }
  [[nodiscard]] Fits fits() const {
    return [this](size_t begin, size_t end, int64_t limit) { return of(begin, end) <= limit; };
  }
  [[nodiscard]] std::vector<int64_t> of(const Cuts& pieces) const {
    std::vector<int64_t> weights;
    for (size_t i = 0, begin = 0; i < pieces.size(); begin = pieces[i++]) {
      weights.push_back(of(begin, pieces[i]));
    }
    return weights;
  }

 private:
  std::vector<int64_t> sums_;
};

Cuts random_parts(std::mt19937& random, size_t size) {
  Cuts parts;
  for (size_t end = 1; end < size; ++end) {
    if (random() % 5 == 0) parts.push_back(end);
  }
  parts.push_back(size);
  return parts;
}

struct Case {
  explicit Case(uint32_t seed)
      : random(seed),
        size(1 + random() % 300),
        weights(random, size),
        parts(random_parts(random, size)),
        limit(static_cast<int64_t>(random() % 40)) {}

  std::mt19937 random;
  size_t size;
  Weights weights;
  Cuts parts;
  int64_t limit;
};

// The pieces put together are the text, cut where it may be, and none is too long that could be
// shorter.
void expect_pieces_of(const Case& c, const Cuts& pieces, int64_t limit) {
  ASSERT_TRUE(std::is_sorted(pieces.begin(), pieces.end()));
  ASSERT_EQ(std::adjacent_find(pieces.begin(), pieces.end()), pieces.end());
  ASSERT_TRUE(std::includes(c.parts.begin(), c.parts.end(), pieces.begin(), pieces.end()));
  ASSERT_EQ(pieces.back(), c.size);
  size_t begin = 0;
  for (const size_t end : pieces) {
    const bool is_one_part = *std::upper_bound(c.parts.begin(), c.parts.end(), begin) == end;
    EXPECT_TRUE(is_one_part || c.weights.of(begin, end) <= limit) << begin << " to " << end;
    begin = end;
  }
}

TEST(Packing, PiecesAreWholePartsWithinTheLimit) {
  for (uint32_t seed = 0; seed < 500; ++seed) {
    SCOPED_TRACE(seed);
    const Case c(seed);
    expect_pieces_of(c, pack(c.parts, c.limit, c.weights.fits()), c.limit);
    expect_pieces_of(c, pack_evenly(c.parts, c.limit, c.weights.fits()), c.limit);
  }
}

TEST(Packing, APieceHasAllPartsThatFit) {
  for (uint32_t seed = 0; seed < 500; ++seed) {
    SCOPED_TRACE(seed);
    const Case c(seed);
    const Cuts pieces = pack(c.parts, c.limit, c.weights.fits());
    for (size_t i = 0, begin = 0; i + 1 < pieces.size(); begin = pieces[i++]) {
      const size_t next = *std::upper_bound(c.parts.begin(), c.parts.end(), pieces[i]);
      EXPECT_GT(c.weights.of(begin, next), c.limit) << begin << " to " << next;
    }
  }
}

// As few as with the limit itself, and no limit below the longest gives as few.
TEST(Packing, EvenPiecesAreNoMoreAndTheLongestIsTheShortestThereIs) {
  int compared = 0;
  for (uint32_t seed = 0; seed < 500; ++seed) {
    SCOPED_TRACE(seed);
    const Case c(seed);
    const Fits fits = c.weights.fits();
    const Cuts greedy = pack(c.parts, c.limit, fits);
    const std::vector<int64_t> weights = c.weights.of(pack_evenly(c.parts, c.limit, fits));
    ASSERT_EQ(weights.size(), greedy.size());
    const int64_t longest = *std::max_element(weights.begin(), weights.end());
    const std::vector<int64_t> each = c.weights.of(c.parts);
    if (longest == *std::max_element(each.begin(), each.end())) continue;  // it is one part
    EXPECT_GT(pack(c.parts, longest - 1, fits).size(), greedy.size());
    ++compared;
  }
  EXPECT_GT(compared, 100);
}

TEST(Packing, GivesTheSamePiecesAgain) {
  for (uint32_t seed = 0; seed < 50; ++seed) {
    const Case first(seed), again(seed);
    EXPECT_EQ(pack_evenly(first.parts, first.limit, first.weights.fits()),
              pack_evenly(again.parts, again.limit, again.weights.fits()));
  }
}

TEST(Packing, ByHand) {
  const Fits length = [](size_t begin, size_t end, int64_t limit) {
    return static_cast<int64_t>(end - begin) <= limit;
  };
  EXPECT_THAT(pack({3, 5, 9, 10}, 5, length), ElementsAre(5, 10));
  EXPECT_THAT(pack({3, 5, 9, 10}, 2, length), ElementsAre(3, 5, 9, 10));
  EXPECT_THAT(pack({2, 4, 6, 8, 10}, 8, length), ElementsAre(8, 10));
  EXPECT_THAT(pack_evenly({2, 4, 6, 8, 10}, 8, length), ElementsAre(6, 10));
  EXPECT_THAT(pack({}, 8, length), IsEmpty());
}

}  // namespace
}  // namespace chatterbox::text
