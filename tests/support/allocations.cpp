#include "support/allocations.h"

#include <atomic>
#include <cstdlib>
#include <new>

namespace chatterbox::testing {
namespace {

thread_local Allocations of_this_thread;
std::atomic<int64_t> left_anywhere{-1};  // below -1: it has failed
std::atomic<Concerned> concerned_anywhere{nullptr};
constexpr int64_t kNone = -1, kFailed = -2;

void* allocate(std::size_t size, const void* caller) {
  if (fails_anywhere(caller)) throw std::bad_alloc();
  if (of_this_thread.left == 0) throw std::bad_alloc();
  if (of_this_thread.left > 0) --of_this_thread.left;
  ++of_this_thread.made;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}

void* allocate_or_null(std::size_t size, const void* caller) noexcept {
  try {
    return allocate(size, caller);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

}  // namespace

Allocations& allocations() { return of_this_thread; }

void fail_one_anywhere(int64_t n, Concerned concerned) {
  left_anywhere = kNone;
  concerned_anywhere = concerned;
  left_anywhere = n < 0 ? kNone : n;
}

bool fails_anywhere(const void* caller) {
  int64_t left = left_anywhere;
  if (left < 0) return false;
  const Concerned concerned = concerned_anywhere;
  if (concerned != nullptr && !concerned(caller)) return false;
  while (left >= 0) {
    if (left_anywhere.compare_exchange_weak(left, left == 0 ? kFailed : left - 1)) return left == 0;
  }
  return false;
}

bool has_failed_anywhere() { return left_anywhere == kFailed; }

}  // namespace chatterbox::testing

void* operator new(std::size_t size) {
  return chatterbox::testing::allocate(size, __builtin_return_address(0));
}
void* operator new[](std::size_t size) {
  return chatterbox::testing::allocate(size, __builtin_return_address(0));
}
// A sanitizer's own would not go with what frees it here.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return chatterbox::testing::allocate_or_null(size, __builtin_return_address(0));
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return chatterbox::testing::allocate_or_null(size, __builtin_return_address(0));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
