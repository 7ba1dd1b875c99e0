// Work on a thread of its own, whose settings (how many threads compute) are not the caller's.
#pragma once

#include <optional>

#include "support/failure.h"
#include "support/start_thread.h"

namespace chatterbox {

// Waits for it, and throws what it threw.
template <class Work>
void on_new_thread(Work&& work) {
  std::optional<Failure> failure;
  start_thread([&] {
    try {
      work();
    } catch (...) {
      failure = current_failure();
    }
  }).join();
  if (failure) failure->raise();
}

}  // namespace chatterbox
