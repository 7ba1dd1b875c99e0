#include "support/interruption.h"

#include <utility>

namespace chatterbox {
namespace {

// NOLINTNEXTLINE(*-non-const-global-variables): the thread's own
thread_local const InterruptionCheck* innermost = nullptr;

}  // namespace

InterruptionCheck::InterruptionCheck(std::function<void()> check)
    : check_(std::move(check)), outer_(innermost) {
  innermost = this;
}

InterruptionCheck::~InterruptionCheck() { innermost = outer_; }

void interruption_point() {
  if (innermost != nullptr && innermost->check_) innermost->check_();
}

}  // namespace chatterbox
