// Counts and limits what a thread allocates. For programs of their own: allocations.cpp, which
// belongs to their sources, replaces operator new.
#pragma once

#include <cstdint>

namespace chatterbox::testing {

// Of the calling thread.
struct Allocations {
  int64_t made = 0;
  int64_t left = -1;  // until operator new throws; below 0: any number
};
[[nodiscard]] Allocations& allocations();

// Of all threads: the allocation after the next `n` fails, and no other. Below 0: none does.
void fail_one_anywhere(int64_t n);
[[nodiscard]] bool has_failed_anywhere();  // since then

}  // namespace chatterbox::testing
