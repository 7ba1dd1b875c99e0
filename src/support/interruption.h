// Asks a long computation now and then whether anybody still wants what it computes.
#pragma once

#include <functional>

namespace chatterbox {

// While it lives, interruption_point() on this thread calls `check`, which may throw to end what is
// being computed; null: nothing is asked. Within another one, only the innermost counts.
class InterruptionCheck {
 public:
  explicit InterruptionCheck(std::function<void()> check);
  ~InterruptionCheck();
  InterruptionCheck(const InterruptionCheck&) = delete;
  InterruptionCheck& operator=(const InterruptionCheck&) = delete;

 private:
  friend void interruption_point();

  const std::function<void()> check_;
  const InterruptionCheck* const outer_;
};

// At places where what was computed so far may be dropped, tens of milliseconds apart or less where
// a recording is minutes long. Throws what the check throws; nothing where there is none.
void interruption_point();

}  // namespace chatterbox
