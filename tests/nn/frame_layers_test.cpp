// How the work on frames is divided.
#include "nn/cpu/frame_layers.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <atomic>

namespace chatterbox::nn::cpu {
namespace {

class FrameLayers : public ::testing::Test {
 protected:
  void SetUp() override {
    if (frame_kernels() == nullptr) GTEST_SKIP() << "this machine does not multiply bfloat16";
  }
  ~FrameLayers() override { at::set_num_threads(threads_); }

 private:
  const int threads_ = at::get_num_threads();
};

TEST_F(FrameLayers, RangesAreAllFramesOnce) {
  for (const int threads : {1, 2, 5, 64}) {
    at::set_num_threads(threads);
    for (const std::vector<int64_t>& lengths :
         {std::vector<int64_t>{1}, {700}, {700, 700}, {3, 96, 97, 1500}}) {
      size_t next = 0;
      int64_t frame = 0;
      for (const FrameRange& range : divide_frames(lengths)) {
        EXPECT_EQ(range.row, static_cast<int64_t>(next));
        EXPECT_EQ(range.first, frame);
        EXPECT_GT(range.count, 0);
        EXPECT_LE(range.count, kMaxRange);
        frame += range.count;
        if (frame == lengths[next]) {
          frame = 0;
          ++next;
        }
      }
      EXPECT_EQ(next, lengths.size());
    }
  }
}

// At most a tile and a half a thread more than an even share, for what the flow has.
TEST_F(FrameLayers, ThreadsGetEvenShares) {
  const int64_t tile = frame_kernels()->tile_rows;
  at::set_num_threads(2);
  for (const int64_t length : {300, 500, 700, 1000, 1500}) {
    for (const int64_t rows : {1, 2}) {
      const std::vector<FrameRange> ranges =
          divide_frames(std::vector<int64_t>(static_cast<size_t>(rows), length));
      const size_t half = (ranges.size() + 1) / 2;
      int64_t first = 0;
      for (size_t i = 0; i < half; ++i) first += ranges[i].count;
      EXPECT_LE(std::max(first, rows * length - first), rows * length / 2 + 2 * tile)
          << rows << " of " << length;
    }
  }
}

TEST_F(FrameLayers, EveryRangeIsWorkedOnOnceByAThreadOfThePool) {
  at::set_num_threads(2);
  const std::vector<FrameRange> ranges = divide_frames({500, 31});
  std::vector<std::atomic<int>> done(531);
  for_each_range(ranges, [&](const FrameRange& range, int64_t thread) {
    EXPECT_GE(thread, 0);
    EXPECT_LT(thread, 2);
    for (int64_t i = 0; i < range.count; ++i) {
      ++done[static_cast<size_t>(range.row * 500 + range.first + i)];
    }
  });
  for (const std::atomic<int>& times : done) EXPECT_EQ(times, 1);
}

TEST_F(FrameLayers, BuffersHaveZerosAroundTheirRows) {
  const FrameBuffer buffer({3, 5}, 5, 32, 2);
  for (const auto& [row, length] : {std::pair<int64_t, int64_t>{0, 3}, {1, 5}}) {
    for (int64_t t = -2; t < 7; ++t) {
      if (t >= 0 && t < length) continue;
      for (int64_t c = 0; c < 32; ++c) EXPECT_EQ(buffer.at(row, t)[c], 0) << row << ' ' << t;
    }
  }
}

}  // namespace
}  // namespace chatterbox::nn::cpu
