// Random numbers by place: the generator's known answers, the numbers' distribution, and that they
// depend on their place alone.
#include "s3gen/placed_noise.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "s3gen/philox.h"

namespace chatterbox::s3gen {
namespace {

// Random123 1.14, tests/kat_vectors.
TEST(Philox, GivesTheKnownAnswers) {
  constexpr uint32_t kAll = 0xffffffff;
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}),
            (PhiloxBlock{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox({kAll, kAll, kAll, kAll}, {kAll, kAll}),
            (PhiloxBlock{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (PhiloxBlock{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

std::vector<float> normals(const NoiseRow& row, int64_t first, int64_t count) {
  std::vector<float> out(static_cast<size_t>(count));
  placed_normals(row, first, count, out.data());
  return out;
}

constexpr NoiseRow kRow{7, NoiseSpace::kSourceSamples, 3};

TEST(PlacedNoise, IsTheSameInAnyPieces) {
  const std::vector<float> whole = normals(kRow, 0, 100);
  for (const int64_t piece : {1, 2, 3, 5, 64}) {
    std::vector<float> joined;
    for (int64_t first = 0; first < 100; first += piece) {
      const std::vector<float> part = normals(kRow, first, std::min(piece, 100 - first));
      joined.insert(joined.end(), part.begin(), part.end());
    }
    EXPECT_EQ(joined, whole) << piece;
  }
  // Far places cost no more, and are others.
  EXPECT_EQ(normals(kRow, int64_t{1} << 40, 2), normals(kRow, int64_t{1} << 40, 2));
  EXPECT_NE(normals(kRow, int64_t{1} << 40, 2), normals(kRow, 0, 2));
}

TEST(PlacedNoise, DiffersBySeedSpaceAndRow) {
  const std::vector<float> one = normals(kRow, 0, 8);
  EXPECT_NE(normals({8, kRow.space, kRow.row}, 0, 8), one);
  EXPECT_NE(normals({kRow.seed + (uint64_t{1} << 32), kRow.space, kRow.row}, 0, 8), one);
  EXPECT_NE(normals({kRow.seed, NoiseSpace::kSpeechFrames, kRow.row}, 0, 8), one);
  EXPECT_NE(normals({kRow.seed, kRow.space, kRow.row + 1}, 0, 8), one);
}

TEST(PlacedNoise, IsStandardNormal) {
  constexpr int64_t kCount = 200000;
  double sum = 0, squares = 0, fourths = 0, neighbours = 0;
  int64_t beyond_two = 0;
  const std::vector<float> x = normals(kRow, 0, kCount);
  for (size_t i = 0; i < x.size(); ++i) {
    const double square = static_cast<double>(x[i]) * x[i];
    sum += x[i];
    squares += square;
    fourths += square * square;
    beyond_two += square > 4;
    if (i > 0) neighbours += static_cast<double>(x[i]) * x[i - 1];
  }
  EXPECT_NEAR(sum / kCount, 0, 0.01);
  EXPECT_NEAR(squares / kCount, 1, 0.015);
  EXPECT_NEAR(fourths / kCount, 3, 0.15);
  EXPECT_NEAR(neighbours / kCount, 0, 0.01);
  EXPECT_NEAR(static_cast<double>(beyond_two) / kCount, 0.0455, 0.003);
}

TEST(PlacedNoise, UniformsAreBelowOne) {
  double sum = 0;
  for (int64_t place = 0; place < 10000; ++place) {
    const float x = placed_uniform(kRow, place);
    ASSERT_GE(x, 0);
    ASSERT_LT(x, 1);
    sum += x;
  }
  EXPECT_NEAR(sum / 10000, 0.5, 0.01);
}

}  // namespace
}  // namespace chatterbox::s3gen
