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

void* allocate_or_null(std::size_t size) noexcept {
  try {
    return allocate(size);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

}  // namespace

Allocations& allocations() { return of_this_thread; }

}  // namespace chatterbox::testing

void* operator new(std::size_t size) { return chatterbox::testing::allocate(size); }
void* operator new[](std::size_t size) { return chatterbox::testing::allocate(size); }
// A sanitizer's own would not go with what frees it here.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return chatterbox::testing::allocate_or_null(size);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return chatterbox::testing::allocate_or_null(size);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
