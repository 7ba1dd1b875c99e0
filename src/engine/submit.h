// How a job comes to the worker.
#pragma once

#include <memory>
#include <optional>

#include "engine/job_state.h"
#include "engine/scheduling/worker.h"

namespace chatterbox::engine {

// When a call began, and what it has taken since then to make the task.
struct Submission {
  explicit Submission(const Worker& worker) : begin(worker.now()) {}

  TimePoint begin;
};

// A place in the queue for what holds so many bytes, by the job's priority and wait_for_room.
// kBusy: there was none; kDeadlineExceeded: nor was there before the job's deadline.
[[nodiscard]] WaitingRoom::Seat take_seat(Worker& worker, const JobOptions& options, int64_t bytes);

// All that a job of the worker's has but its on_end and a series.
[[nodiscard]] JobSetup job_setup(Worker& worker, const JobOptions& options, runtime::Task task,
                                 const Submission& submission);

// Queues it. `interruptions`: as of JobRegistry::add().
[[nodiscard]] std::shared_ptr<Job::State> submit(Worker& worker, const JobOptions& options,
                                                 runtime::Task task, const Submission& submission,
                                                 std::optional<int64_t> interruptions = {});

// Registers the job while `start` puts it on its way; it is no job of the engine's where that
// throws. `interruptions`: as of JobRegistry::add().
template <class Start>
void register_and(Worker& worker, const std::shared_ptr<Job::State>& job, const Start& start,
                  std::optional<int64_t> interruptions = {}) {
  worker.registry()->add(job, interruptions);
  try {
    start();
  } catch (...) {
    worker.registry()->remove(*job);
    throw;
  }
}

}  // namespace chatterbox::engine
