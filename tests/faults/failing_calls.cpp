#include "faults/failing_calls.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstdio>

namespace chatterbox::testing {
namespace {

struct Plan {
  Call call = Call::kOpen;
  int left = -1;  // below 0: none fails
  int error = 0;
  bool failed = false;
  size_t most = 0;
};
Plan plan;

// Sets errno.
bool fails(Call call) {
  if (plan.left < 0 || call != plan.call || plan.left-- > 0) return false;
  plan.failed = true;
  errno = plan.error;
  return true;
}

template <class Function>
Function original(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

}  // namespace

void fail_call(Call call, int n, int error) { plan = {call, n, error, false, plan.most}; }
void fail_no_call() { plan = {Call::kOpen, -1, 0, plan.failed, plan.most}; }
bool call_has_failed() { return plan.failed; }
void shorten_writes(size_t most) { plan.most = most; }

}  // namespace chatterbox::testing

using chatterbox::testing::Call;
using chatterbox::testing::fails;
using chatterbox::testing::original;

extern "C" {

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = va_arg(arguments, mode_t);
  va_end(arguments);
  static const auto kOpen = original<int (*)(const char*, int, ...)>("open");
  return fails(Call::kOpen) ? -1 : kOpen(path, flags, mode);
}

FILE* fopen(const char* path, const char* mode) {
  static const auto kOpen = original<FILE* (*)(const char*, const char*)>("fopen");
  return fails(Call::kOpen) ? nullptr : kOpen(path, mode);
}

ssize_t read(int file, void* data, size_t size) {
  static const auto kRead = original<ssize_t (*)(int, void*, size_t)>("read");
  return fails(Call::kRead) ? -1 : kRead(file, data, size);
}

ssize_t write(int file, const void* data, size_t size) {
  static const auto kWrite = original<ssize_t (*)(int, const void*, size_t)>("write");
  const size_t most = chatterbox::testing::plan.most;
  return fails(Call::kWrite) ? -1 : kWrite(file, data, most == 0 ? size : std::min(size, most));
}

ssize_t pwrite(int file, const void* data, size_t size, off_t offset) {
  static const auto kWrite = original<ssize_t (*)(int, const void*, size_t, off_t)>("pwrite");
  const size_t most = chatterbox::testing::plan.most;
  return fails(Call::kWrite) ? -1
                             : kWrite(file, data, most == 0 ? size : std::min(size, most), offset);
}

int close(int file) {
  static const auto kClose = original<int (*)(int)>("close");
  const int result = kClose(file);  // it is closed even so
  return fails(Call::kClose) ? -1 : result;
}

int rename(const char* from, const char* to) noexcept {
  static const auto kRename = original<int (*)(const char*, const char*)>("rename");
  return fails(Call::kRename) ? -1 : kRename(from, to);
}

void* mmap(void* address, size_t size, int protection, int flags, int file, off_t offset) noexcept {
  static const auto kMap = original<void* (*)(void*, size_t, int, int, int, off_t)>("mmap");
  return fails(Call::kMap) ? MAP_FAILED : kMap(address, size, protection, flags, file, offset);
}

int fstat(int file, struct stat* status) noexcept {
  static const auto kStat = original<int (*)(int, struct stat*)>("fstat");
  return fails(Call::kStat) ? -1 : kStat(file, status);
}

int mlock(const void* address, size_t size) noexcept {
  static const auto kLock = original<int (*)(const void*, size_t)>("mlock");
  return fails(Call::kLock) ? -1 : kLock(address, size);
}

}  // extern "C"
