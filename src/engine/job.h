// A request between submit() and its end.
#pragma once

#include <atomic>
#include <chatterbox/chatterbox.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "engine/completion.h"
#include "engine/executor.h"

namespace chatterbox {
namespace engine {
class WorkQueue;
}

class Job::Impl {
 public:
  using Clock = std::chrono::steady_clock;

  // `task` without its sink, which is made of `on_tensor`.
  Impl(engine::Task task, std::function<void(const Progress&)> on_progress,
       std::function<void(const TensorView&)> on_tensor,
       const std::shared_ptr<engine::WorkQueue>& queue);
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  // From any thread.
  void cancel();
  [[nodiscard]] engine::Completion<Result>& completion() { return completion_; }

  // From the worker thread, or where the job is in no queue any more.
  [[nodiscard]] const engine::Task& task() const { return task_; }
  [[nodiscard]] Clock::time_point submitted() const { return submitted_; }
  [[nodiscard]] bool wants_progress() const { return static_cast<bool>(on_progress_); }
  void report(const Progress& progress) noexcept;
  // Why the job must not go on: it was cancelled, or one of its callbacks failed.
  [[nodiscard]] std::optional<Failure> interruption() const;
  [[nodiscard]] std::optional<Failure> broken_callback() const { return callback_failure_; }
  // Both let go of the voice and the callbacks first.
  void succeed(Result result) noexcept;
  void fail(Failure failure) noexcept;

 private:
  void release() noexcept;

  const Clock::time_point submitted_ = Clock::now();
  engine::Task task_;
  std::function<void(const Progress&)> on_progress_;
  std::optional<Failure> callback_failure_;
  bool over_ = false;  // the request's callbacks are not called any more
  std::atomic<bool> cancelled_{false};
  std::weak_ptr<engine::WorkQueue> queue_;
  engine::Completion<Result> completion_;
};

}  // namespace chatterbox
