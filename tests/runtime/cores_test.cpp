// How many threads compute, on machines and in containers that are made of files.
#include "runtime/cores.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "runtime/free_memory.h"
#include "support/temporary_folder.h"

namespace chatterbox::runtime {
namespace {

class Machine : public ::testing::Test {
 protected:
  void write(const std::string& path, const std::string& text) {
    const std::filesystem::path file = folder_.file(path);
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  // CPU n and CPU n + cores share a core, as Linux numbers them.
  void has_cores(int cores) {
    for (int cpu = 0; cpu < 2 * cores; ++cpu) {
      const int first = cpu % cores;
      write("sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/core_cpus_list",
            std::to_string(first) + "," + std::to_string(first + cores) + "\n");
    }
  }
  [[nodiscard]] int cores(const std::vector<int>& affinity) const {
    return usable_cores(affinity, folder_.file(""));
  }
  [[nodiscard]] static std::vector<int> cpus(int count) {
    std::vector<int> all;
    for (int cpu = 0; cpu < count; ++cpu) all.push_back(cpu);
    return all;
  }

  testing::TemporaryFolder folder_;
};

TEST_F(Machine, CpusThatShareACoreCountOnce) {
  has_cores(8);
  EXPECT_EQ(cores(cpus(16)), 8);
  EXPECT_EQ(cores({0, 8}), 1);
  EXPECT_EQ(cores({0, 1, 9}), 2);
}

TEST_F(Machine, WithoutATopologyEachCpuIsACore) { EXPECT_EQ(cores({3, 5, 7}), 3); }

TEST_F(Machine, TheQuotaOfAContainerIsItsRoots) {
  has_cores(64);
  write("sys/fs/cgroup/cpu.max", "200000 100000\n");
  EXPECT_EQ(cores(cpus(128)), 2);
  write("sys/fs/cgroup/cpu.max", "150000 100000\n");
  EXPECT_EQ(cores(cpus(128)), 2);  // rounded up
  write("sys/fs/cgroup/cpu.max", "20000 100000\n");
  EXPECT_EQ(cores(cpus(128)), 1);
  write("sys/fs/cgroup/cpu.max", "max 100000\n");
  EXPECT_EQ(cores(cpus(128)), 64);
  write("sys/fs/cgroup/cpu.max", "garbage\n");
  EXPECT_EQ(cores(cpus(128)), 64);
}

TEST_F(Machine, TheLeastQuotaOfTheGroupsThatItIsInCounts) {
  has_cores(16);
  write("proc/self/cgroup", "0::/pod/container\n");
  write("sys/fs/cgroup/pod/container/cpu.max", "max 100000\n");
  write("sys/fs/cgroup/pod/cpu.max", "300000 100000\n");
  EXPECT_EQ(cores(cpus(32)), 3);
  write("sys/fs/cgroup/pod/container/cpu.max", "100000 50000\n");
  EXPECT_EQ(cores(cpus(32)), 2);
}

TEST_F(Machine, AQuotaNeverAddsCores) {
  has_cores(2);
  write("sys/fs/cgroup/cpu.max", "800000 100000\n");
  EXPECT_EQ(cores(cpus(4)), 2);
}

TEST_F(Machine, MemoryIsWhatTheTightestGroupLeaves) {
  write("proc/meminfo", "MemAvailable:    20000 kB\n");
  write("proc/self/cgroup", "12:cpuset:/old\n0::/pod/container\n");
  write("sys/fs/cgroup/pod/memory.max", "9000000\n");
  write("sys/fs/cgroup/pod/memory.current", "1000000\n");
  EXPECT_EQ(free_memory(folder_.file("")), 8000000);
  write("sys/fs/cgroup/pod/container/memory.max", "2000000\n");
  write("sys/fs/cgroup/pod/container/memory.current", "500000\n");
  EXPECT_EQ(free_memory(folder_.file("")), 1500000);
}

TEST_F(Machine, AGroupOfAnotherNamespaceIsNotLookedFor) {
  has_cores(4);
  write("proc/self/cgroup", "0::/../../elsewhere\n");
  write("sys/fs/cgroup/cpu.max", "100000 100000\n");
  EXPECT_EQ(cores(cpus(8)), 1);
}

TEST(Threads, FarAboveTheCoresAreCapped) {
  EXPECT_EQ(capped_threads(1, 2), 1);
  EXPECT_EQ(capped_threads(8, 2), 8);
  EXPECT_EQ(capped_threads(9, 2), 8);
  EXPECT_EQ(capped_threads(1024, 1), 4);
}

TEST(CoresHere, ArePlausible) {
  EXPECT_GE(usable_cores(), 1);
  EXPECT_LE(usable_cores(), static_cast<int>(std::max(1U, std::thread::hardware_concurrency())));
}

}  // namespace
}  // namespace chatterbox::runtime
