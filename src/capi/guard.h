// Every entry point that can fail goes through guard(): no exception crosses the C ABI.
#pragma once

#include <chatterbox/chatterbox.h>

#include "support/error.h"

namespace chatterbox::capi {

// Keeps the exception that is being handled for chatterbox_last_error(), and gives its status.
[[nodiscard]] chatterbox_status record_failure() noexcept;

template <class Work>
[[nodiscard]] chatterbox_status guard(Work&& work) noexcept {
  try {
    work();
    return CHATTERBOX_STATUS_OK;
  } catch (...) {
    return record_failure();
  }
}

template <class Pointer>
void require(const char* name, const Pointer* pointer) {
  if (pointer == nullptr) fail(Status::kInvalidArgument, "{} must not be NULL", name);
}

// A flag: 0 or 1.
[[nodiscard]] inline bool flag(const char* name, int32_t value) {
  if (value != 0 && value != 1) {
    fail(Status::kInvalidArgument, "{} must be 0 or 1, got {}", name, value);
  }
  return value == 1;
}

inline void require_zero(const char* name, int32_t value) {
  if (value != 0) fail(Status::kInvalidArgument, "{} must be 0, got {}", name, value);
}

}  // namespace chatterbox::capi
