// Throwing chatterbox::Error with a formatted message.
#pragma once

#include <string>
#include <utility>

#include "support/format.h"
#include "support/status.h"

namespace chatterbox {

// fail(Status::kInvalidArgument, "temperature must be in [0.05, 5], got {}", value)
template <class... Args>
[[noreturn]] void fail(Status status, fmt::format_string<Args...> format, Args&&... args) {
  throw Error(status, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace chatterbox
