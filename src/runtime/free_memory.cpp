#include "runtime/free_memory.h"

#include <algorithm>
#include <fstream>
#include <optional>

#include "runtime/control_group.h"
#include "support/error.h"

namespace chatterbox::runtime {
namespace {

// The number after `name` in a file of lines of a name and a number.
std::optional<int64_t> field(const std::string& path, const std::string& name) {
  std::ifstream file(path);
  std::string word;
  while (file >> word) {
    int64_t value = 0;
    if (word == name && file >> value) return value;
    file.clear();
  }
  return std::nullopt;
}

std::optional<int64_t> number(const std::string& path) {
  std::ifstream file(path);
  int64_t value = 0;
  if (file >> value) return value;
  return std::nullopt;  // "max": no limit
}

std::optional<int64_t> left_by_group(const std::string& folder) {
  const auto limit = number(folder + "/memory.max");
  const auto used = number(folder + "/memory.current");
  if (!limit || !used) return std::nullopt;
  // Files in the cache that nobody uses are given up before anything fails.
  const int64_t reclaimable = field(folder + "/memory.stat", "inactive_file").value_or(0);
  return std::max<int64_t>(0, *limit - *used + reclaimable);
}

}  // namespace

int64_t free_memory(const std::string& root) {
  constexpr int64_t kKilobyte = 1024;
  const std::string path = root + "/proc/meminfo";
  const auto available = field(path, "MemAvailable:");
  if (!available) fail(Status::kDevice, "{} does not tell what is available", path);
  int64_t free = *available * kKilobyte;
  for (const std::string& group : control_groups(root)) {
    if (const auto left = left_by_group(group)) free = std::min(free, *left);
  }
  return free;
}

}  // namespace chatterbox::runtime
