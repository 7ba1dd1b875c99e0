// What the memory limit gives, worked out by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "runtime/free_memory.h"
#include "runtime/memory_plan.h"
#include "support/error.h"
#include "support/temporary_folder.h"

namespace chatterbox::runtime {
namespace {

using ::testing::HasSubstr;

// As the official English model: 30 layers, 16 heads, 64 numbers of 4 bytes, keys and values.
constexpr int64_t kPosition = 2 * 30 * 16 * 64 * 4;
constexpr int64_t kGiB = int64_t{1} << 30;

TEST(MemoryPlan, RowsForTheLongestWhereTheyFit) {
  const CacheLimits limits = plan_memory(64 * kGiB, {kPosition, 6000, 16});
  EXPECT_EQ(limits.rows, 16);
  EXPECT_EQ(limits.positions, 6000);
  EXPECT_EQ(limits.row_bytes, 6000 * kPosition);
  EXPECT_EQ(limits.prefix_bytes, kGiB / 2);
  EXPECT_EQ(limits.prompt_bytes, 4 * kGiB);
  EXPECT_EQ(limits.batch_frames, (12 * kGiB - kGiB / 2) / 614400);
}

// 6 GiB for the cache are 26214 positions: 16 rows of 1638.
TEST(MemoryPlan, ThenShorterRows) {
  const CacheLimits limits = plan_memory(8 * kGiB, {kPosition, 6000, 16});
  EXPECT_EQ(limits.rows, 16);
  EXPECT_EQ(limits.positions, 1638);
}

// 3 GiB for the cache are 13107 positions: 8 rows of at least 1536, which have 1638 then.
TEST(MemoryPlan, ThenFewerRows) {
  const CacheLimits limits = plan_memory(4 * kGiB, {kPosition, 6000, 16});
  EXPECT_EQ(limits.rows, 8);
  EXPECT_EQ(limits.positions, 1638);
}

// 0.75 GiB for the cache are 3276 positions; 0.375 GiB are 1638, 2 rows of 819.
TEST(MemoryPlan, ThenTwoRowsAsLongAsTheyGet) {
  EXPECT_EQ(plan_memory(kGiB, {kPosition, 6000, 16}).rows, 2);
  const CacheLimits limits = plan_memory(kGiB / 2, {kPosition, 6000, 16});
  EXPECT_EQ(limits.rows, 2);
  EXPECT_EQ(limits.positions, 819);
  EXPECT_EQ(limits.prefix_bytes, kGiB / 32);
}

// What a step works on is beside the cache in its three quarters, and graphs take a 32nd of the
// limit at most, less the one that is about to be another.
TEST(MemoryPlan, StepsOfADevice) {
  constexpr int64_t kStepPosition = kPosition / 10, kStepRow = 1000000, kGraph = 10000000;
  const auto plan = [](int64_t limit) {
    return plan_memory(limit, {kPosition, 6000, 512, kStepRow, kStepPosition, kGraph});
  };
  const CacheLimits limits = plan(64 * kGiB);
  const int64_t row = 1536 * (kPosition + kStepPosition) + kStepRow;
  EXPECT_EQ(limits.rows, 48 * kGiB / row);
  EXPECT_EQ(limits.positions, (48 * kGiB / limits.rows - kStepRow) / (kPosition + kStepPosition));
  EXPECT_EQ(limits.row_bytes, limits.positions * kPosition);
  EXPECT_EQ(limits.graphs, 64);
  EXPECT_EQ(limits.batch_frames, (12 * kGiB - kGiB / 2 - 65 * kGraph) / 614400);
  EXPECT_EQ(plan(8 * kGiB).graphs, kGiB / 4 / kGraph - 1);
  EXPECT_EQ(plan(kGiB / 2).graphs, 0);
  EXPECT_EQ(plan_memory(64 * kGiB, {kPosition, 6000, 16}).graphs, 0);
}

// Half of a device's free memory, by how much that is: an H200, a card of 24 GB, one of 8 GB.
TEST(MemoryPlan, ADeviceTakesAsManyRequestsAsItsMemoryHasRowsFor) {
  const auto requests = [](int64_t free, bool on_device, std::optional<int64_t> asked = {}) {
    MemoryNeeds needs;
    needs.position_bytes = kPosition / 2;  // in bf16
    needs.max_positions = 6000;
    needs.step_row_bytes = on_device ? 1 << 20 : 0;
    needs.step_position_bytes = on_device ? kPosition / 20 : 0;
    const CacheLimits limits = plan_memory(free / 2, needs, {asked, on_device, 2});
    EXPECT_EQ(limits.rows, 2 * limits.requests);
    if (on_device && limits.requests > 8) {
      EXPECT_GE(limits.positions, 3072);
    }
    return limits.requests;
  };
  // Three quarters of 67 GiB, for pairs of 3072 positions of 135168 bytes and a MiB.
  EXPECT_EQ(requests(134 * kGiB, true), (67 * kGiB / 4 * 3) / (2 * (3072 * 135168 + (1 << 20))));
  EXPECT_EQ(requests(134 * kGiB, true), 64);
  EXPECT_EQ(requests(20 * kGiB, true), 9);
  EXPECT_EQ(requests(16 * kGiB, true), 8);  // as on a CPU, with shorter rows
  EXPECT_EQ(requests(2000 * kGiB, true), 256);
  EXPECT_EQ(requests(134 * kGiB, false), 8);
  EXPECT_EQ(requests(134 * kGiB, true, 3), 3);
  EXPECT_EQ(requests(134 * kGiB, false, 16), 16);
}

TEST(MemoryPlan, NeverMoreThanTheLimit) {
  for (int64_t limit = kGiB / 4; limit < 40 * kGiB; limit += kGiB / 7) {
    for (const int64_t rows : {2, 16, 512}) {
      const CacheLimits limits = plan_memory(limit, {kPosition, 6180, rows});
      EXPECT_LE(limits.rows * limits.row_bytes, limit / 4 * 3);
      EXPECT_LE(limits.rows, rows);
      EXPECT_GE(limits.rows, 2);
    }
  }
}

TEST(MemoryPlan, TooLittleIsAnErrorWithNumbers) {
  try {
    (void)plan_memory(1000000, {kPosition, 6000, 16});
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::kOutOfMemory);
    EXPECT_THAT(error.what(), HasSubstr("1000000 bytes"));
    EXPECT_THAT(error.what(), HasSubstr("at least 167772164"));  // 2 * 256 * kPosition * 4 / 3 + 4
  }
  EXPECT_EQ(plan_memory(167772164, {kPosition, 6000, 16}).positions, 256);
}

class FreeMemory : public ::testing::Test {
 protected:
  void write(const std::string& path, const std::string& text) {
    const std::filesystem::path file = folder_.file(path);
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  [[nodiscard]] int64_t free() const { return free_memory(folder_.file("")); }

  testing::TemporaryFolder folder_;
};

TEST_F(FreeMemory, IsWhatTheSystemCallsAvailable) {
  write("proc/meminfo", "MemTotal: 9000 kB\nMemFree:        10 kB\nMemAvailable:    2000 kB\n");
  EXPECT_EQ(free(), 2000 * 1024);
}

TEST_F(FreeMemory, IsWhatTheControlGroupLeaves) {
  write("proc/meminfo", "MemTotal: 9000 kB\nMemAvailable:    2000 kB\n");
  write("sys/fs/cgroup/memory.max", "1000000\n");
  write("sys/fs/cgroup/memory.current", "700000\n");
  EXPECT_EQ(free(), 300000);
  write("sys/fs/cgroup/memory.stat", "anon 500000\nfile 200000\ninactive_file 150000\n");
  EXPECT_EQ(free(), 450000);
  write("sys/fs/cgroup/memory.max", "max\n");
  EXPECT_EQ(free(), 2000 * 1024);
}

TEST_F(FreeMemory, UnknownIsAnError) {
  EXPECT_THROW((void)free(), Error);
  write("proc/meminfo", "MemTotal: 9000 kB\n");
  EXPECT_THROW((void)free(), Error);
}

TEST(FreeMemoryHere, IsPlausible) {
  EXPECT_GT(free_memory(), 1 << 20);
  EXPECT_LT(free_memory(), int64_t{1} << 50);
}

}  // namespace
}  // namespace chatterbox::runtime
