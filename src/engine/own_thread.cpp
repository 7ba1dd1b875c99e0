#include "engine/own_thread.h"

#include "support/error.h"

namespace chatterbox::engine {
namespace {

// NOLINTNEXTLINE(*-non-const-global-variables): the thread's own
thread_local const OwnThread* innermost = nullptr;

}  // namespace

OwnThread::OwnThread(const void* engine) noexcept : engine_(engine), below_(innermost) {
  innermost = this;
}

OwnThread::~OwnThread() { innermost = below_; }

bool on_own_thread(const void* engine) noexcept {
  for (const OwnThread* mark = innermost; mark != nullptr; mark = mark->below_) {
    if (mark->engine_ == engine) return true;
  }
  return false;
}

void refuse_own_thread(const void* engine) {
  if (on_own_thread(engine)) {
    fail(Status::kInvalidArgument, "a callback must not wait for the engine that calls it");
  }
}

}  // namespace chatterbox::engine
