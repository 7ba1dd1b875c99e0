// Places in a text by made-up attention.
#include "t3/text_path.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <limits>
#include <random>

namespace chatterbox::t3 {
namespace {

using ::testing::Each;
using ::testing::ElementsAreArray;

using Attention = std::vector<std::vector<float>>;

// Most of it at `place`, the rest in noise.
std::vector<float> looking_at(int64_t place, int64_t tokens, std::mt19937_64& random) {
  std::vector<float> row(static_cast<size_t>(tokens));
  for (float& one : row) one = 0.05F * static_cast<float>(random() % 1000) / 1000;
  row[static_cast<size_t>(place)] = 0.7F;
  return row;
}

std::vector<int64_t> path_of(const Attention& attention) {
  TextPath path(static_cast<int64_t>(attention.front().size()));
  for (const auto& row : attention) path.update(row.data());
  path.finish();
  return path.places();
}

TEST(TextPath, FollowsTheAttention) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 20; ++round) {
    const auto tokens = static_cast<int64_t>(20 + random() % 40);
    std::vector<int64_t> truth;
    Attention attention;
    for (int64_t place = 0; place < tokens; place += static_cast<int64_t>(random() % 3 / 2)) {
      truth.push_back(place);
      attention.push_back(looking_at(place, tokens, random));
    }
    EXPECT_THAT(path_of(attention), ElementsAreArray(truth));
  }
}

// A look back or far ahead for a step or two does not move it.
TEST(TextPath, OutlastsALookElsewhere) {
  std::mt19937_64 random(2);
  std::vector<int64_t> truth;
  Attention attention;
  for (int64_t step = 0; step < 80; ++step) {
    const int64_t place = step / 2;
    truth.push_back(place);
    int64_t seen = place;
    if (step % 16 == 7) seen = std::max<int64_t>(place - 6, 0);
    if (step % 16 == 13) seen = place + 5;
    attention.push_back(looking_at(seen, 50, random));
  }
  const std::vector<int64_t> found = path_of(attention);
  ASSERT_EQ(found.size(), truth.size());
  for (size_t i = 0; i < truth.size(); ++i) EXPECT_NEAR(found[i], truth[i], 1) << i;
}

TEST(TextPath, NeverGoesBackAndNeverFar) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 50; ++round) {
    const auto tokens = static_cast<int64_t>(1 + random() % 60);
    Attention attention(1 + random() % 120);
    for (auto& row : attention) {
      for (int64_t i = 0; i < tokens; ++i) {
        row.push_back(static_cast<float>(random() % 1000) / 1000);
      }
    }
    const std::vector<int64_t> places = path_of(attention);
    ASSERT_EQ(places.size(), attention.size());
    EXPECT_TRUE(std::is_sorted(places.begin(), places.end()));
    EXPECT_GE(places.front(), 0);
    EXPECT_LT(places.back(), tokens);
  }
}

// What a stream is told is what the whole is told, kLag steps later.
TEST(TextPath, IsDecidedByAFewStepsBehind) {
  std::mt19937_64 random(4);
  Attention attention;
  for (int64_t step = 0; step < 60; ++step) {
    attention.push_back(looking_at(static_cast<int64_t>(random() % 30), 30, random));
  }
  const std::vector<int64_t> whole = path_of(attention);
  TextPath path(30);
  for (size_t step = 0; step < attention.size(); ++step) {
    path.update(attention[step].data());
    const auto known =
        static_cast<size_t>(std::max<int64_t>(0, static_cast<int64_t>(step) + 1 - TextPath::kLag));
    ASSERT_EQ(path.places().size(), known);
    EXPECT_TRUE(std::equal(path.places().begin(), path.places().end(), whole.begin()));
  }
}

TEST(TextPath, StaysWhereNothingIsSeen) {
  EXPECT_THAT(path_of(Attention(10, std::vector<float>(8, 0))), Each(0));
  const float none = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(path_of(Attention(10, std::vector<float>(8, none))), Each(0));
}

}  // namespace
}  // namespace chatterbox::t3
