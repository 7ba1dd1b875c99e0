// How a piece of work ends.
#pragma once

#include <functional>

#include "support/failure.h"

namespace chatterbox::testing {

// Status kOk where `work` does not throw.
inline Failure failure_of(const std::function<void()>& work) {
  try {
    work();
  } catch (...) {
    return current_failure();
  }
  return {Status::kOk, ""};
}

}  // namespace chatterbox::testing
