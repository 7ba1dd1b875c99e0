// Entry points that store a new handle.
#pragma once

#include "capi/arguments.h"
#include "capi/guard.h"

namespace chatterbox::capi {

// Stores the handle that `make` returns, or NULL if anything fails. `name` is the parameter's.
template <class Handle, class Make>
[[nodiscard]] chatterbox_status store_new(const char* name, Handle** output, Make&& make) noexcept {
  if (output != nullptr) *output = nullptr;
  return guard([&] {
    require(name, output);
    *output = make();
  });
}

}  // namespace chatterbox::capi
