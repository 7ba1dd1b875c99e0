// Bytes that the library made. Include <chatterbox/chatterbox.hpp>, not this file.
#ifndef CHATTERBOX_CPP_BYTES_HPP
#define CHATTERBOX_CPP_BYTES_HPP

#include <chatterbox/cpp/core.hpp>
#include <cstddef>
#include <string_view>

namespace chatterbox {
inline namespace abi1 {

// The bytes of a file, in memory. Move-only; empty once moved from.
class Bytes {
 public:
  // Takes over a handle of the C interface.
  explicit Bytes(chatterbox_buffer* handle) noexcept : handle_(handle) {}

  [[nodiscard]] const char* data() const noexcept {
    return static_cast<const char*>(chatterbox_buffer_data(handle()));
  }
  [[nodiscard]] size_t size() const noexcept {
    return static_cast<size_t>(chatterbox_buffer_size(handle()));
  }
  // Valid as long as this object exists.
  operator std::string_view() const noexcept { return {data(), size()}; }

  [[nodiscard]] const chatterbox_buffer* handle() const noexcept { return handle_.get(); }

 private:
  detail::Owned<chatterbox_buffer, chatterbox_buffer_destroy> handle_;
};

}  // namespace abi1
}  // namespace chatterbox

#endif  // CHATTERBOX_CPP_BYTES_HPP
