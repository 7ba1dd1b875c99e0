// Jobs that wait for the worker.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "engine/job_state.h"
#include "engine/scheduling/turns.h"
#include "engine/scheduling/waiting_room.h"

namespace chatterbox::engine {

class WorkQueue final : public JobDriver {
 public:
  using JobPointer = std::shared_ptr<Job::State>;

  // `worker` is rung whenever there is something new: work, an interrupted job, the end.
  explicit WorkQueue(std::shared_ptr<Bell> worker) : worker_(std::move(worker)) {}

  // Never waits. The job keeps its seat while it is here. Bulk work has none: whoever feeds it
  // bounds how much of it is here. Throws the reason of close().
  void push(const JobPointer& job, WaitingRoom::Seat seat = {});
  // The next in turn that `admission` gives kNow for (under the queue's lock: it must be quick), as
  // Turns::pop_if(); else null.
  [[nodiscard]] JobPointer pop_if(const std::function<Admission(const Job::State&)>& admission);
  // Nothing enters any more. Gives what was waiting.
  [[nodiscard]] std::vector<JobPointer> close(const Failure& reason);

  [[nodiscard]] size_t size() const;
  void for_each(const std::function<void(const Job::State&)>& look) const;

  // What still waits ends here and now; what runs is for the worker to end.
  void interrupted(Job::State& job) noexcept override;
  // What had stopped for its reader may go on.
  void samples_read() noexcept override { wake_worker(); }
  // There is something new that is not here: a deadline.
  void wake_worker() noexcept { worker_->ring(); }

 private:
  struct Entry {
    JobPointer job;
    WaitingRoom::Seat seat;
  };

  [[nodiscard]] std::optional<Entry> remove(const Job::State& job);

  const std::shared_ptr<Bell> worker_;
  mutable std::mutex mutex_;
  Turns<Entry> waiting_;
  std::optional<Failure> closed_;
};

}  // namespace chatterbox::engine
