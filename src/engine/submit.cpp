#include "engine/submit.h"

#include <algorithm>
#include <utility>

#include "engine/make_task.h"
#include "support/error.h"

namespace chatterbox::engine {

WaitingRoom::Seat take_seat(Worker& worker, const JobOptions& options, int64_t bytes) {
  if (options.wait_for_room.count() != 0) worker.refuse_own_thread();
  const TimePoint now = Clock::now();
  const TimePoint due = end_of_wait(options.wait_for_room, now);
  const TimePoint deadline =
      options.deadline ? end_of_wait(*options.deadline, now) : TimePoint::max();
  try {
    return worker.room().enter(options.priority, bytes, std::min(due, deadline));
  } catch (const Error& error) {
    if (error.status() == Status::kBusy && deadline < due && Clock::now() >= deadline) {
      fail(Status::kDeadlineExceeded, "there was no room in the queue before the deadline of {} ms",
           options.deadline->count());
    }
    throw;
  }
}

JobSetup job_setup(Worker& worker, const JobOptions& options, runtime::Task task,
                   const Submission& submission) {
  JobSetup setup;
  setup.options = options;
  setup.standing.client = {false, options.client};
  setup.standing.priority = options.priority;
  setup.standing.rows = worker.catalog().rows(task);
  setup.task = std::move(task);
  setup.submitted = submission.begin;
  setup.text_seconds = seconds(worker.now() - submission.begin);
  setup.registry = worker.registry();
  return setup;
}

std::shared_ptr<Job::State> submit(Worker& worker, const JobOptions& options, runtime::Task task,
                                   const Submission& submission,
                                   std::optional<int64_t> interruptions) {
  const int64_t bytes = bytes_of(task);
  auto job = std::make_shared<Job::State>(job_setup(worker, options, std::move(task), submission));
  job->set_driver(worker.queue());
  WaitingRoom::Seat seat = take_seat(worker, options, bytes);
  register_and(
      worker, job, [&] { worker.queue()->push(job, std::move(seat)); }, interruptions);
  return job;
}

}  // namespace chatterbox::engine
