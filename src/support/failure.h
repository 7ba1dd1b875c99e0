// What ended a piece of work, in a form that can be kept, copied and thrown again on another
// thread.
#pragma once

#include <string>

#include "support/status.h"

namespace chatterbox {

struct Failure {
  Status status = Status::kInternal;
  std::string message;  // one line, UTF-8

  [[noreturn]] void raise() const { throw Error(status, message); }
};

// The exception that is being handled; must be called from a catch block. What a caller gave may
// stand in its message: bytes that are not UTF-8 become U+FFFD, and of a long one 2000 bytes stay.
[[nodiscard]] Failure current_failure() noexcept;

}  // namespace chatterbox
