#include "support/allocations.h"

#include <cstdlib>
#include <new>

namespace chatterbox::testing {
namespace {

thread_local Allocations of_this_thread;

void* allocate(std::size_t size) {
  if (of_this_thread.left == 0) throw std::bad_alloc();
  if (of_this_thread.left > 0) --of_this_thread.left;
  ++of_this_thread.made;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}

}  // namespace

Allocations& allocations() { return of_this_thread; }

}  // namespace chatterbox::testing

void* operator new(std::size_t size) { return chatterbox::testing::allocate(size); }
void* operator new[](std::size_t size) { return chatterbox::testing::allocate(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
