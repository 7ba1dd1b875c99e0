// The jobs of one engine that are not done. Whatever is to reach all of them goes through here: the
// end of the engine, cancel_all(), deadlines, drain().
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include "engine/bell.h"
#include "engine/job.h"
#include "support/log.h"

namespace chatterbox::engine {

class JobRegistry {
 public:
  explicit JobRegistry(Log log) : log_(std::move(log)) {}

  // Throws the reason of close() where that was called: nobody would end the job. So too that of
  // interrupt_all() where that was called more than so many times.
  void add(const std::shared_ptr<Job::State>& job, std::optional<int64_t> interruptions = {});
  // Of a job that is done, or was refused after all.
  void remove(const Job::State& job) noexcept;

  // Asks every job to stop, for this reason.
  void interrupt_all(const Failure& reason);
  // How often that was done: a call that submits one job after the other then stops as well.
  [[nodiscard]] int64_t interruptions() const;
  void check_interruptions(int64_t interruptions) const;  // as add()
  // The earliest of a job that has not been expired; TimePoint::max() where there is none.
  [[nodiscard]] TimePoint next_deadline() const;
  // Asks those to stop whose deadline has come.
  void expire(TimePoint now);

  // While it lives, the registry is not empty: a call that has more jobs to submit.
  class Call {
   public:
    explicit Call(JobRegistry& registry);
    ~Call();
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

   private:
    JobRegistry& registry_;
  };
  // False: not empty until then. Throws the reason of close() where that was called.
  [[nodiscard]] bool wait_until_empty(TimePoint due);
  void close(const Failure& reason);

  void count_end(Status status) noexcept;
  // Calls what a caller wants to be called at the end; an exception of it is logged.
  void tell_end(uint64_t tag, const std::function<void(Status)>& on_done,
                Status status) const noexcept;
  void fill(Metrics& metrics) const;
  [[nodiscard]] const Log& log() const { return log_; }

 private:
  void check(std::optional<int64_t> interruptions) const;

  const Log log_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<const Job::State*, std::shared_ptr<Job::State>> jobs_;
  std::set<std::pair<TimePoint, const Job::State*>> deadlines_;
  int64_t calls_ = 0;
  std::optional<Failure> closed_;
  int64_t interruptions_ = 0;
  Failure interruption_;  // the last one
  std::array<std::atomic<int64_t>, Metrics::kStatuses> ended_{};
};

}  // namespace chatterbox::engine
