#include "engine/job.h"

#include <utility>

#include "engine/work_queue.h"
#include "support/error.h"

namespace chatterbox {
namespace {

const char* const kCancelledMessage = "the request was cancelled";

Failure callback_failure(const char* callback) noexcept {
  Failure failure = current_failure();
  try {
    failure.message = fmt::format("{} threw: {}", callback, failure.message);
    failure.status = Status::kInternal;
    return failure;
  } catch (...) {
    return current_failure();
  }
}

}  // namespace

Job::Impl::Impl(engine::Task task, std::function<void(const Progress&)> on_progress,
                std::function<void(const TensorView&)> on_tensor,
                const std::shared_ptr<engine::WorkQueue>& queue)
    : task_(std::move(task)), on_progress_(std::move(on_progress)), queue_(queue) {
  if (!on_tensor) return;
  // The failure is kept, not thrown: it must not end the other rows of a batch.
  task_.sink = [this, on_tensor = std::move(on_tensor)](const TensorView& view) {
    if (over_ || callback_failure_) return;
    try {
      on_tensor(view);
    } catch (...) {
      callback_failure_ = callback_failure("on_tensor");
    }
  };
}

void Job::Impl::cancel() {
  cancelled_ = true;
  Failure failure{Status::kCancelled,
                  kCancelledMessage};  // before the job leaves the queue: may throw
  const auto queue = queue_.lock();
  if (queue && queue->remove(*this)) fail(std::move(failure));
}

void Job::Impl::report(const Progress& progress) noexcept {
  if (!on_progress_ || callback_failure_) return;
  try {
    on_progress_(progress);
  } catch (...) {
    callback_failure_ = callback_failure("on_progress");
  }
}

std::optional<Failure> Job::Impl::interruption() const {
  if (callback_failure_) return callback_failure_;
  if (cancelled_) return Failure{Status::kCancelled, kCancelledMessage};
  return std::nullopt;
}

void Job::Impl::succeed(Result result) noexcept {
  release();
  completion_.succeed(std::move(result));
}

void Job::Impl::fail(Failure failure) noexcept {
  release();
  completion_.fail(std::move(failure));
}

void Job::Impl::release() noexcept {
  over_ = true;
  task_.voice.reset();
  task_.source.reset();
  task_.sink = nullptr;
  on_progress_ = nullptr;
}

Job::Job(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {
  if (!impl_) chatterbox::fail(Status::kInvalidArgument, "a job without a request");
}

const Result& Job::wait() const { return impl_->completion().get(); }

bool Job::wait_for(std::chrono::nanoseconds timeout) const {
  const auto now = Impl::Clock::now();
  const auto longest = Impl::Clock::time_point::max() - now;
  // Adding more than that to the time of day would overflow.
  if (timeout >= longest) timeout = longest;
  return impl_->completion().wait_until(now + timeout);
}

bool Job::done() const { return impl_->completion().done(); }

void Job::cancel() const { impl_->cancel(); }

}  // namespace chatterbox
