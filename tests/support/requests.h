// Requests over the fake executor, and what ends them.
#pragma once

#include <chatterbox/chatterbox.hpp>
#include <functional>
#include <string>

#include "support/failure.h"

namespace chatterbox::testing {

inline Request request_for(const std::string& text) {
  Request request;
  request.text = text;
  request.seed = 5;
  return request;
}

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
