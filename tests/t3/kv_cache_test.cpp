#include "t3/kv_cache.h"

#include <gtest/gtest.h>

#include <limits>

#include "nn/attention.h"
#include "support/status.h"
#include "support/tensors.h"

namespace chatterbox::t3 {
namespace {

using Rows = std::vector<int64_t>;

BatchKVCache small_cache(int64_t rows, c10::ScalarType type = c10::kFloat) {
  return {3, 2, rows, 10, {c10::kCPU, type}};
}

TEST(BatchKVCache, HandsOutTheLowestFreeRows) {
  BatchKVCache cache = small_cache(5);
  EXPECT_EQ(cache.rows(), 5);
  EXPECT_EQ(cache.take(2), (Rows{0, 1}));
  EXPECT_EQ(cache.take(1), (Rows{2}));
  cache.release({0});
  EXPECT_EQ(cache.take(2), (Rows{0, 3}));
  EXPECT_EQ(cache.free_rows(), 1);
  cache.release({3, 1});
  cache.release({2});
  EXPECT_EQ(cache.take(4), (Rows{1, 2, 3, 4}));
}

TEST(BatchKVCache, SaysHowManyRowsAreFree) {
  BatchKVCache cache = small_cache(3);
  static_cast<void>(cache.take(2));
  try {
    static_cast<void>(cache.take(2));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::kBusy);
    EXPECT_STREQ(error.what(), "a sequence needs 2 cache rows, 1 of 3 are free");
  }
  EXPECT_EQ(cache.take(1), Rows{2});  // the refused request took none
}

TEST(BatchKVCache, TakenRowsAreEmpty) {
  BatchKVCache cache = small_cache(2);
  static_cast<void>(cache.take(2));
  cache.set_length(1, 7);
  EXPECT_EQ(cache.length(0), 0);
  EXPECT_EQ(cache.length(1), 7);
  cache.release({1});
  EXPECT_EQ(cache.take(1), Rows{1});
  EXPECT_EQ(cache.length(1), 0);
}

TEST(BatchKVCache, SizesAreThoseOfTheModel) {
  const BatchKVCache cache = small_cache(4);
  EXPECT_EQ(cache.positions(), 10);
  EXPECT_EQ(cache.k(2).sizes(), (c10::IntArrayRef{4, 2, 10, 64}));
  EXPECT_EQ(cache.v(0).sizes(), (c10::IntArrayRef{4, 2, 10, 64}));
  EXPECT_EQ(cache.bytes(), 2 * 3 * 4 * 2 * 10 * 64 * 4);  // k and v, layers, rows, heads, ...
  EXPECT_EQ(small_cache(4, c10::kBFloat16).bytes(), cache.bytes() / 2);
}

TEST(BatchKVCache, CopiesTheFirstPositionsOfARow) {
  BatchKVCache cache = small_cache(3);
  for (int64_t layer = 0; layer < 3; ++layer) {
    cache.k(layer).copy_(testing::noise({3, 2, 10, 64}, 1 + layer));
    cache.v(layer).copy_(testing::noise({3, 2, 10, 64}, 4 + layer));
  }
  const at::Tensor before = cache.k(1).clone();
  BatchKVCache longer(3, 2, 1, 20, {});
  cache.copy_row(0, cache, 2, 4);
  longer.copy_row(0, cache, 2, 4);
  EXPECT_EQ(cache.length(0), 4);
  EXPECT_EQ(longer.length(0), 4);
  EXPECT_TRUE(at::equal(longer.v(2)[0].narrow(1, 0, 4), cache.v(2)[2].narrow(1, 0, 4)));
  for (int64_t layer = 0; layer < 3; ++layer) {
    for (const at::Tensor& all : {cache.k(layer), cache.v(layer)}) {
      EXPECT_TRUE(at::equal(all[0].narrow(1, 0, 4), all[2].narrow(1, 0, 4)));
    }
  }
  EXPECT_TRUE(at::equal(cache.k(1)[0].narrow(1, 4, 6), before[0].narrow(1, 4, 6)));
  EXPECT_TRUE(at::equal(cache.k(1)[1], before[1]));
}

TEST(BatchKVCache, ANanInARowDoesNotReachItsNextUser) {
  BatchKVCache cache = small_cache(2);
  const RowLease longer(cache, 1);
  cache.k(0)[0].copy_(testing::noise({2, 10, 64}, 1));
  cache.v(0)[0].copy_(testing::noise({2, 10, 64}, 2));
  const at::Tensor x = testing::noise({2, 2 * 64}, 3);
  const std::vector<int64_t> rows = {0, 1}, positions = {8, 0};
  for (const bool released : {true, false}) {
    for (const at::Tensor& all : {cache.k(0), cache.v(0)}) {
      all[1].fill_(std::numeric_limits<float>::quiet_NaN());
    }
    if (released) cache.release(cache.take(1));  // its user ends, and the next one begins
    // Its only position attends to itself alone.
    const at::Tensor attended =
        nn::cached_attention({x, x, x, {}, {}, cache.k(0), cache.v(0), rows, positions})[1];
    EXPECT_TRUE(at::allclose(attended, x[1], 1e-6, 1e-6)) << released;
  }
}

TEST(RowLease, ReturnsItsRowsOnce) {
  BatchKVCache cache = small_cache(3);
  {
    RowLease lease(cache, 2);
    EXPECT_EQ(lease.rows(), (Rows{0, 1}));
    EXPECT_EQ(cache.free_rows(), 1);
    const RowLease moved(std::move(lease));
    EXPECT_EQ(moved.rows(), (Rows{0, 1}));
    EXPECT_EQ(cache.free_rows(), 1);
  }
  EXPECT_EQ(cache.free_rows(), 3);
  EXPECT_THROW(RowLease(cache, 4), Error);
  EXPECT_EQ(cache.take(3), (Rows{0, 1, 2}));
}

}  // namespace
}  // namespace chatterbox::t3
