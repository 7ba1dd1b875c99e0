#include "t3/page_memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include "support/error.h"

namespace chatterbox::t3 {
namespace {

size_t page_size() {
  static const auto size = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return size;
}

}  // namespace

PageMemory::PageMemory(size_t bytes) : bytes_(bytes) {
  if (bytes == 0) return;
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    fail(Status::kOutOfMemory, "the system gives no {} bytes of memory for the KV cache", bytes);
  }
  madvise(memory, bytes, MADV_NOHUGEPAGE);  // fails where there are none anyway
  data_ = memory;
}

PageMemory::~PageMemory() {
  if (data_ != nullptr) munmap(data_, bytes_);
}

void PageMemory::give_back(size_t offset, size_t bytes) const noexcept {
  const size_t begin = (offset + page_size() - 1) / page_size() * page_size();
  const size_t end = (offset + bytes) / page_size() * page_size();
  if (begin < end) madvise(static_cast<char*>(data_) + begin, end - begin, MADV_DONTNEED);
}

}  // namespace chatterbox::t3
