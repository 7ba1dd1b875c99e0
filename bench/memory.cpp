#include "memory.h"

#include <malloc.h>
#include <unistd.h>

#include <fstream>
#include <string>

namespace chatterbox::bench {
namespace {

constexpr double kMiB = 1024.0 * 1024.0;

}  // namespace

double rss_mib() {
  std::ifstream file("/proc/self/statm");
  double total = 0;
  double resident = 0;
  file >> total >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE)) / kMiB;
}

double peak_rss_mib() {
  std::ifstream file("/proc/self/status");
  const std::string key = "VmHWM:";
  for (std::string line; std::getline(file, line);) {
    if (line.compare(0, key.size(), key) == 0) return std::stod(line.substr(key.size())) / 1024;
  }
  return 0;
}

void reset_peak_rss() {
  malloc_trim(0);
  std::ofstream("/proc/self/clear_refs") << "5";  // proc(5): resets VmHWM
}

}  // namespace chatterbox::bench
