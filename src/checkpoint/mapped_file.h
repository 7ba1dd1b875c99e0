// A file's bytes, mapped read-only, or bytes in memory.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

namespace chatterbox::checkpoint {

// Immutable. Truncating a mapped file while it is open ends the process with SIGBUS: replace files
// by renaming, never in place.
class Bytes {
 public:
  virtual ~Bytes() = default;
  [[nodiscard]] virtual const unsigned char* data() const = 0;
  [[nodiscard]] virtual size_t size() const = 0;
  // See TensorFile::let_go(). Nothing happens where they are not all among these bytes.
  virtual void let_go(const void* data, size_t size) const = 0;
};

// Throws kNotFound or kIo that names the path and the system's reason.
[[nodiscard]] std::shared_ptr<const Bytes> map_file(const std::string& path);
[[nodiscard]] std::shared_ptr<const Bytes> copy_bytes(const void* data, size_t size);

}  // namespace chatterbox::checkpoint
