// Every entry point that can fail goes through guard(): no exception crosses the C ABI.
#pragma once

#include <chatterbox/status.h>

#include <type_traits>

namespace chatterbox::capi {

// Keeps the exception that is being handled for chatterbox_last_error(), and gives its status.
[[nodiscard]] chatterbox_status record_failure() noexcept;

// The status that `work` returns, OK where it returns nothing, or that of what it throws.
template <class Work>
[[nodiscard]] chatterbox_status guard(Work&& work) noexcept {
  try {
    if constexpr (std::is_void_v<decltype(work())>) {
      work();
      return CHATTERBOX_STATUS_OK;
    } else {
      return work();
    }
  } catch (...) {
    return record_failure();
  }
}

// For functions that cannot fail: `otherwise` where `ask` throws.
template <class Value, class Ask>
[[nodiscard]] Value ask_or(Value otherwise, Ask&& ask) noexcept {
  try {
    return ask();
  } catch (...) {
    return otherwise;
  }
}

}  // namespace chatterbox::capi
