// Statuses, errors and what the other headers share. Include <chatterbox/chatterbox.hpp>, not this
// file.
#ifndef CHATTERBOX_CPP_CORE_HPP
#define CHATTERBOX_CPP_CORE_HPP

#include <chatterbox/chatterbox.h>

#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace chatterbox {
inline namespace abi1 {

// The same names and numbers as chatterbox_status.
enum class Status : int32_t {
#define CHATTERBOX_DEFINE_STATUS(name, camel, value, text) k##camel = value,
  CHATTERBOX_FOR_EACH_STATUS(CHATTERBOX_DEFINE_STATUS)
#undef CHATTERBOX_DEFINE_STATUS
};

// what() is one line that names the value at fault and the limit. Exported, so that it is the same
// type in all libraries of a program.
class CHATTERBOX_API Error : public std::runtime_error {
 public:
  Error(Status status, const std::string& message) : std::runtime_error(message), status_(status) {}
  [[nodiscard]] Status status() const noexcept { return status_; }

 private:
  Status status_;
};

// A timeout in milliseconds: wait without limit.
inline constexpr std::chrono::milliseconds kForever{CHATTERBOX_FOREVER};

// One tensor of an inner stage, named as in the reference. The data are row-major, in host memory,
// and valid only during the call.
struct TensorView {
  std::string_view name;
  enum class Type : int32_t {
    kFloat32 = CHATTERBOX_TENSOR_FLOAT32,
    kInt64 = CHATTERBOX_TENSOR_INT64
  } type = Type::kFloat32;
  const int64_t* shape = nullptr;
  size_t rank = 0;
  const void* data = nullptr;
};

// A view of samples that belong to another object.
struct Samples {
  const float* first = nullptr;
  size_t count = 0;

  [[nodiscard]] const float* data() const noexcept { return first; }
  [[nodiscard]] size_t size() const noexcept { return count; }
  [[nodiscard]] bool empty() const noexcept { return count == 0; }
  [[nodiscard]] const float* begin() const noexcept { return first; }
  [[nodiscard]] const float* end() const noexcept { return first + count; }
  [[nodiscard]] float operator[](size_t index) const noexcept { return first[index]; }
};

namespace detail {

inline void check(chatterbox_status status) {
  if (status < 0) throw Error(static_cast<Status>(status), chatterbox_last_error());
}

// A string as C expects it.
[[nodiscard]] inline const char* c_string(const char* name, const std::string& text) {
  if (text.find('\0') != std::string::npos) {
    throw Error(Status::kInvalidArgument, std::string(name) + " must not have a NUL in it");
  }
  return text.c_str();
}

// An option that may be unset. The number that stands for unset is outside the range of every
// option.
template <class Value>
[[nodiscard]] Value or_unset(const char* name, const std::optional<Value>& value) {
  constexpr auto kUnset = static_cast<Value>(CHATTERBOX_UNSET);
  if (value == kUnset) throw Error(Status::kInvalidArgument, std::string(name) + " must not be -1");
  return value.value_or(kUnset);
}

// Keeps a message for later, or nothing if there is no memory for it.
inline void keep(std::string& kept, const char* source, const char* message) noexcept {
  try {
    kept = std::string(source) + " threw: " + message;
  } catch (...) {
    kept.clear();
  }
}

// Calls `work` and lets no exception out: if it throws, returns false and keeps the message.
template <class Work>
[[nodiscard]] bool no_throw(const char* source, std::string& kept, Work&& work) noexcept {
  try {
    work();
    return true;
  } catch (const std::exception& error) {
    keep(kept, source, error.what());
  } catch (...) {
    keep(kept, source, "an exception that is no std::exception");
  }
  return false;
}

// The same for a request, which is cancelled if one of its callbacks throws.
inline void check(chatterbox_status status, const std::string& thrown) {
  if (status == CHATTERBOX_STATUS_CANCELLED && !thrown.empty()) {
    throw Error(Status::kCancelled, thrown);
  }
  check(status);
}

// A handle with its _destroy function.
template <auto destroy>
struct Destroyer {
  template <class Handle>
  void operator()(Handle* handle) const noexcept {
    destroy(handle);
  }
};
template <class Handle, auto destroy>
using Owned = std::unique_ptr<Handle, Destroyer<destroy>>;

// Calls a function that stores a new handle through its last argument.
template <class Handle, auto destroy, class Make>
[[nodiscard]] Owned<Handle, destroy> make(Make&& call) {
  Handle* handle = nullptr;
  check(call(&handle));
  return Owned<Handle, destroy>(handle);
}

// Calls a function that fills in a struct and takes its size.
template <class Struct, class Get>
[[nodiscard]] Struct get(Get&& call) {
  Struct filled{};
  check(call(&filled, sizeof filled));
  return filled;
}

}  // namespace detail
}  // namespace abi1
}  // namespace chatterbox

#endif  // CHATTERBOX_CPP_CORE_HPP
