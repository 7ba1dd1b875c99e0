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
// `concerned` tells by the address of the code that allocates whether it is one of them.
using Concerned = bool (*)(const void* caller);
void fail_one_anywhere(int64_t n, Concerned concerned = nullptr);
[[nodiscard]] bool has_failed_anywhere();  // since then

// Whether this allocation fails; for what allocates in another way than by operator new.
[[nodiscard]] bool fails_anywhere(const void* caller);

}  // namespace chatterbox::testing
