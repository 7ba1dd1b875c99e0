// Memory from the system in small pages, which can be given back to it in parts. Torch-free.
#pragma once

#include <cstddef>

namespace chatterbox::t3 {

// Zeros that take physical memory where they were first written, a small page at a time: a cache
// that fills in many places at once would have all of its memory taken by huge pages.
class PageMemory {
 public:
  // Throws kOutOfMemory.
  explicit PageMemory(size_t bytes);
  ~PageMemory();
  PageMemory(const PageMemory&) = delete;
  PageMemory& operator=(const PageMemory&) = delete;

  [[nodiscard]] void* data() const { return data_; }

  // Gives the system the pages that lie wholly in `bytes` at `offset`; they are zeros again.
  void give_back(size_t offset, size_t bytes) const noexcept;

 private:
  void* data_ = nullptr;
  size_t bytes_;
};

}  // namespace chatterbox::t3
