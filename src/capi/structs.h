// Structs that start with their size, across versions of the header. See the preamble of
// chatterbox.h.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "capi/arguments.h"
#include "capi/guard.h"
#include "support/error.h"

namespace chatterbox::capi {

// Members are appended in pairs where one alone would leave padding, so every version's size is a
// multiple of the alignment, and no such size cuts a member in two.
template <class Struct>
void check_size(const char* name, size_t size) {
  static_assert(std::is_trivially_copyable_v<Struct> && sizeof(Struct) % alignof(Struct) == 0);
  constexpr size_t kMost = 4096;  // garbage, not a struct of the future
  if (size >= alignof(Struct) && size <= kMost && size % alignof(Struct) == 0) return;
  fail(Status::kInvalidArgument, "{} cannot have a size of {} bytes (this library's has {})", name,
       size, sizeof(Struct));
}

// Gives the caller as much of `value` as its struct holds. What is beyond becomes 0.
template <class Struct>
void write_struct(const char* name, Struct value, Struct* out, size_t size) {
  check_size<Struct>(name, size);
  const size_t known = std::min(size, sizeof(Struct));
  value.struct_size = static_cast<uint32_t>(known);
  auto* bytes = reinterpret_cast<unsigned char*>(out);
  std::memcpy(bytes, &value, known);
  std::fill(bytes + known, bytes + size, static_cast<unsigned char>(0));
}

// For a struct that the caller hands in again, as after an _init function: the same, but the size
// stays the caller's.
template <class Struct>
void init_struct(const char* name, const Struct& defaults, Struct* out, size_t size) {
  write_struct(name, defaults, out, size);
  const auto caller_size = static_cast<uint32_t>(size);
  std::memcpy(out, &caller_size, sizeof caller_size);
}

// The caller's struct over the defaults. What this library does not know must be 0.
template <class Struct>
[[nodiscard]] Struct read_struct(const char* name, Struct defaults, const Struct* in) {
  uint32_t size = 0;
  std::memcpy(&size, in, sizeof size);
  check_size<Struct>(name, size);
  const auto* bytes = reinterpret_cast<const unsigned char*>(in);
  const size_t known = std::min<size_t>(size, sizeof(Struct));
  for (size_t i = known; i < size; ++i) {
    if (bytes[i] != 0) {
      fail(Status::kInvalidArgument,
           "{} sets byte {}, which this library (whose struct has {}) does not know", name, i,
           sizeof(Struct));
    }
  }
  std::memcpy(&defaults, in, known);
  return defaults;
}

// For a function that describes what `handle` is: all of the caller's struct is 0 where that fails.
// `what` and `of` are the arguments' names.
template <class Handle, class Struct, class Tell>
[[nodiscard]] chatterbox_status describe(const char* what, const char* of, const Handle* handle,
                                         Struct* out, size_t size, Tell&& tell) noexcept {
  return guard([&] {
    require(what, out);
    write_struct(what, Struct{}, out, size);
    require(of, handle);
    write_struct(what, tell(), out, size);
  });
}

}  // namespace chatterbox::capi
