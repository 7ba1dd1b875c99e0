// The physical memory that a KV cache takes, as the system says.
#include "t3/page_memory.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "support/status.h"
#include "t3/kv_cache.h"

namespace chatterbox::t3 {
namespace {

const auto kPage = static_cast<size_t>(sysconf(_SC_PAGESIZE));

int64_t resident_pages(const void* begin, size_t bytes) {
  std::vector<unsigned char> pages((bytes + kPage - 1) / kPage);
  EXPECT_EQ(mincore(const_cast<void*>(begin), bytes, pages.data()), 0);
  return std::count_if(pages.begin(), pages.end(), [](unsigned char page) { return page & 1U; });
}

// The line "VmFlags" of the mapping that holds `address`, in /proc/self/smaps.
std::string flags_of_mapping(const void* address) {
  const auto wanted = reinterpret_cast<uintptr_t>(address);
  std::ifstream smaps("/proc/self/smaps");
  bool inside = false;
  for (std::string line; std::getline(smaps, line);) {
    uintptr_t begin = 0, end = 0;
    char dash = 0;
    std::istringstream header(line);
    if (header >> std::hex >> begin >> dash >> end && dash == '-') {
      inside = begin <= wanted && wanted < end;
    } else if (inside && line.rfind("VmFlags:", 0) == 0) {
      return line;
    }
  }
  return "";
}

TEST(PageMemory, IsResidentWhereItWasWrittenAndNotGivenBack) {
  const PageMemory memory(100 * kPage);
  auto* bytes = static_cast<char*>(memory.data());
  EXPECT_EQ(resident_pages(bytes, 100 * kPage), 0);
  for (size_t page = 0; page < 100; page += 2) bytes[page * kPage] = 1;
  EXPECT_EQ(resident_pages(bytes, 100 * kPage), 50);
  // Whole pages only: of those in which the part begins and ends, others have the rest.
  memory.give_back(3 * kPage - 1, 5 * kPage + 2);
  for (const size_t page : {2, 8}) EXPECT_EQ(bytes[page * kPage], 1) << page;
  for (const size_t page : {4, 6}) EXPECT_EQ(bytes[page * kPage], 0) << page;
  memory.give_back(1, kPage - 2);  // not one whole page
  EXPECT_EQ(bytes[0], 1);
  memory.give_back(0, 100 * kPage);
  EXPECT_EQ(resident_pages(bytes, 100 * kPage), 0);
}

TEST(PageMemory, OfNothingIsNothing) {
  const PageMemory memory(0);
  memory.give_back(0, 0);
  EXPECT_EQ(memory.data(), nullptr);
}

TEST(PageMemory, ThatTheSystemDoesNotHaveIsAnError) {
  try {
    const PageMemory memory(size_t{1} << 60);
    ADD_FAILURE() << "was given";
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::kOutOfMemory);
    EXPECT_THAT(error.what(), ::testing::HasSubstr("1152921504606846976 bytes"));
  }
}

class CacheMemory : public ::testing::Test {
 protected:
  static constexpr int64_t kLayers = 3, kHeads = 4, kRows = 5;
  static constexpr int64_t kPositions = 1536;  // 96 pages of a head's keys

  [[nodiscard]] int64_t resident() const {
    const at::Tensor keys = cache_.k(0), values = cache_.v(0);
    const auto bytes = static_cast<size_t>(cache_.bytes() / 2);
    return resident_pages(keys.data_ptr(), bytes) + resident_pages(values.data_ptr(), bytes);
  }
  // The first `count` positions of a row: of so many places in memory as there are heads of layers.
  void write(int64_t row, int64_t count) const {
    for (int64_t layer = 0; layer < kLayers; ++layer) {
      for (const at::Tensor& all : {cache_.k(layer), cache_.v(layer)}) {
        all[row].narrow(1, 0, count).fill_(1);
      }
    }
  }
  static constexpr int64_t kPlaces = 2 * kLayers * kHeads;

  BatchKVCache cache_{kLayers, kHeads, kRows, kPositions, {}};
};

// A huge page would hold the places of five heads, and the first position of a row touches them
// all. Whether the system has huge pages for all ("always") or for who asks, here it must not.
TEST_F(CacheMemory, HasNoHugePages) {
  EXPECT_THAT(flags_of_mapping(cache_.k(0).data_ptr()), ::testing::HasSubstr(" nh"));
  EXPECT_THAT(flags_of_mapping(cache_.v(0).data_ptr()), ::testing::HasSubstr(" nh"));
}

TEST_F(CacheMemory, APositionTakesMemoryOnceItIsUsed) {
  EXPECT_EQ(resident(), 0);
  write(1, 1);
  EXPECT_EQ(resident(), kPlaces);
  const auto positions_of_a_page = static_cast<int64_t>(kPage / (64 * sizeof(float)));
  write(1, positions_of_a_page + 1);
  EXPECT_EQ(resident(), 2 * kPlaces);
}

TEST_F(CacheMemory, GoesBackWithTheRow) {
  const RowLease kept(cache_, 1);
  write(kept.rows()[0], 1);
  {
    const RowLease lease(cache_, 2);
    for (const int64_t row : lease.rows()) write(row, kPositions);
    EXPECT_GT(resident(), 100 * kPlaces);
  }
  EXPECT_EQ(resident(), kPlaces);
  EXPECT_TRUE(cache_.k(2)[kept.rows()[0]].narrow(1, 0, 1).eq(1).all().item<bool>());
}

}  // namespace
}  // namespace chatterbox::t3
