// Threads, where the system may refuse one.
#pragma once

#include <system_error>
#include <thread>
#include <utility>

#include "support/error.h"

namespace chatterbox {

// kOutOfMemory where the system gives no thread (ulimit -u, pids.max).
template <class Work>
[[nodiscard]] std::thread start_thread(Work&& work) {
  try {
    return std::thread(std::forward<Work>(work));
  } catch (const std::system_error& error) {
    fail(Status::kOutOfMemory, "a thread cannot be started: {}", error.code().message());
  }
}

}  // namespace chatterbox
