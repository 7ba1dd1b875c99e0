// What a process has of memory, for tests of whether it grows.
#pragma once

#include <gtest/gtest.h>
#include <malloc.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>

namespace chatterbox::testing {

// Bytes of its own that are resident, after what is free was given back. Pages of files, of which
// libtorch has hundreds of MiB, come and go as the kernel likes.
inline int64_t own_memory() {
  malloc_trim(0);
  std::ifstream statm("/proc/self/statm");
  int64_t size = 0, resident = 0, of_files = 0;
  statm >> size >> resident >> of_files;
  EXPECT_TRUE(statm);
  return (resident - of_files) * sysconf(_SC_PAGESIZE);
}

}  // namespace chatterbox::testing
