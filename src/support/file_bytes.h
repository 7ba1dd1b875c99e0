// A file's bytes, mapped or read, and bytes in memory. Torch-free.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace chatterbox {

// Those of a file, or of what stands for one. Immutable.
class FileBytes {
 public:
  virtual ~FileBytes() = default;
  [[nodiscard]] virtual const unsigned char* data() const = 0;
  [[nodiscard]] virtual size_t size() const = 0;
  // For bytes that are not needed any more: memory of whole pages of a mapped file among them is
  // free again. Who reads them nevertheless reads the file again. Bytes that are not a mapped
  // file's stay.
  virtual void let_go(const void* /*data*/, size_t /*size*/) const {}

  [[nodiscard]] std::string_view view() const {
    return {reinterpret_cast<const char*>(data()), size()};
  }
};

// How the bytes of a large file get into memory.
enum class FileAccess {
  // Read when they are first used. Truncating the file while it is open ends the process with
  // SIGBUS, and what is written to it may be seen: replace files by renaming, never in place.
  kMapped,
  kRead,    // read at once; the file may then change or go
  kLocked,  // read at once, and kept in physical memory
};

// A regular file. kNotFound or kIo with the path and the system's reason; see lock_bytes(), too.
[[nodiscard]] std::shared_ptr<const FileBytes> open_file(const std::string& path,
                                                         FileAccess access);

[[nodiscard]] std::shared_ptr<const FileBytes> copy_bytes(const void* data, size_t size);
[[nodiscard]] std::shared_ptr<const FileBytes> own_bytes(std::string bytes);
// A copy that is kept in physical memory, never swapped out. kOutOfMemory, which names the limit
// (RLIMIT_MEMLOCK): the system does not allow so much. `name` stands in messages.
[[nodiscard]] std::shared_ptr<const FileBytes> lock_bytes(std::string_view bytes,
                                                          const std::string& name);

}  // namespace chatterbox
