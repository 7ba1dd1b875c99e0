// Which engine's thread this is. Waiting for an engine on a thread that the engine itself needs
// would never end, so it is refused there.
#pragma once

#include "support/interruption.h"

namespace chatterbox::engine {

// While it lives, the calling thread is one of the engine's own: one of those that run it, or one
// that is within a callback of one of its jobs. `engine` stands for the engine, whatever it is.
// What a callback computes is not asked whether somebody wants the job.
class OwnThread {
 public:
  explicit OwnThread(const void* engine) noexcept;
  ~OwnThread();
  OwnThread(const OwnThread&) = delete;
  OwnThread& operator=(const OwnThread&) = delete;

 private:
  friend bool on_own_thread(const void* engine) noexcept;

  const void* const engine_;
  const InterruptionCheck none_{nullptr};
  const OwnThread* const below_;  // a callback of one engine may be within one of another
};

[[nodiscard]] bool on_own_thread(const void* engine) noexcept;
// Throws kInvalidArgument on one.
void refuse_own_thread(const void* engine);

}  // namespace chatterbox::engine
