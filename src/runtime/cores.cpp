#include "runtime/cores.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <optional>
#include <set>
#include <thread>

#include "runtime/control_group.h"
#include "support/format.h"

namespace chatterbox::runtime {
namespace {

// CPUs that share a core have the same text here: "0,64", "0-1".
std::optional<std::string> siblings(int cpu, const std::string& root) {
  std::ifstream file(
      fmt::format("{}/sys/devices/system/cpu/cpu{}/topology/core_cpus_list", root, cpu));
  std::string list;
  if (std::getline(file, list)) return list;
  return std::nullopt;
}

int physical_cores(const std::vector<int>& cpus, const std::string& root) {
  std::set<std::string> cores;
  for (const int cpu : cpus) {
    // One that does not tell counts as a core of its own.
    cores.insert(siblings(cpu, root).value_or(fmt::format("cpu{}", cpu)));
  }
  return static_cast<int>(cores.size());
}

// CPUs that "cpu.max" ("200000 100000", or "max 100000") pays for.
std::optional<int> quota(const std::string& group) {
  std::ifstream file(group + "/cpu.max");
  double quota = 0, period = 0;
  if (!(file >> quota >> period) || quota <= 0 || period <= 0) return std::nullopt;
  return static_cast<int>(std::ceil(quota / period));
}

// More CPUs than the mask has room for are said by failing; then the standard library counts them.
std::vector<int> own_affinity() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  std::vector<int> cpus;
  if (sched_getaffinity(0, sizeof mask, &mask) == 0) {
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (CPU_ISSET(cpu, &mask)) cpus.push_back(cpu);
    }
  } else {
    for (unsigned cpu = 0; cpu < std::thread::hardware_concurrency(); ++cpu) {
      cpus.push_back(static_cast<int>(cpu));
    }
  }
  return cpus;
}

}  // namespace

int usable_cores(const std::vector<int>& affinity, const std::string& root) {
  int cores = physical_cores(affinity, root);
  for (const std::string& group : control_groups(root)) {
    if (const auto paid = quota(group)) cores = std::min(cores, *paid);
  }
  return std::max(1, cores);
}

int capped_threads(int asked, int cores) {
  constexpr int kMostOfACore = 4;
  return std::min(asked, kMostOfACore * cores);
}

int usable_cores(const std::string& root) { return usable_cores(own_affinity(), root); }

}  // namespace chatterbox::runtime
