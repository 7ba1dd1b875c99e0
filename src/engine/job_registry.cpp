#include "engine/job_registry.h"

#include <algorithm>

#include "engine/job_state.h"
#include "engine/own_thread.h"

namespace chatterbox::engine {

void JobRegistry::check(std::optional<int64_t> interruptions) const {
  if (interruptions && *interruptions != interruptions_) interruption_.raise();
}

void JobRegistry::add(const std::shared_ptr<Job::State>& job,
                      std::optional<int64_t> interruptions) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (closed_) closed_->raise();
  check(interruptions);
  jobs_.emplace(job.get(), job);
  if (job->deadline() == TimePoint::max()) return;
  try {
    deadlines_.emplace(job->deadline(), job.get());
  } catch (...) {
    jobs_.erase(job.get());
    throw;
  }
}

void JobRegistry::remove(const Job::State& job) noexcept {
  std::shared_ptr<Job::State>
      removed;  // goes when the mutex is free: it may be the last to hold it
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = jobs_.find(&job);
  if (found == jobs_.end()) return;
  removed = std::move(found->second);
  jobs_.erase(found);
  deadlines_.erase({job.deadline(), &job});
  changed_.notify_all();
}

void JobRegistry::interrupt_all(const Failure& reason) {
  std::vector<std::shared_ptr<Job::State>> jobs;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    interruption_ = reason;
    ++interruptions_;
    for (const auto& [key, job] : jobs_) jobs.push_back(job);
  }
  const auto end = std::stable_partition(
      jobs.begin(), jobs.end(), [&](const auto& job) { return job->mark_interrupted(reason); });
  std::for_each(jobs.begin(), end, [](const auto& job) { job->tell_driver(); });
}

int64_t JobRegistry::interruptions() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return interruptions_;
}

void JobRegistry::check_interruptions(int64_t interruptions) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  check(interruptions);
}

TimePoint JobRegistry::next_deadline() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return deadlines_.empty() ? TimePoint::max() : deadlines_.begin()->first;
}

void JobRegistry::expire(TimePoint now) {
  std::vector<std::shared_ptr<Job::State>> expired;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
      expired.push_back(jobs_.at(deadlines_.begin()->second));
      deadlines_.erase(deadlines_.begin());
    }
  }
  for (const auto& job : expired) job->expire();
}

JobRegistry::Call::Call(JobRegistry& registry) : registry_(registry) {
  const std::lock_guard<std::mutex> lock(registry_.mutex_);
  ++registry_.calls_;
}

JobRegistry::Call::~Call() {
  const std::lock_guard<std::mutex> lock(registry_.mutex_);
  --registry_.calls_;
  registry_.changed_.notify_all();
}

bool JobRegistry::wait_until_empty(TimePoint due) {
  std::unique_lock<std::mutex> lock(mutex_);
  const bool empty =
      wait_until(changed_, lock, due, [this] { return closed_ || (jobs_.empty() && calls_ == 0); });
  if (closed_) closed_->raise();
  return empty;
}

void JobRegistry::close(const Failure& reason) {
  const std::lock_guard<std::mutex> lock(mutex_);
  closed_ = reason;
  changed_.notify_all();
}

void JobRegistry::count_end(Status status) noexcept {
  const auto index = static_cast<size_t>(-static_cast<int32_t>(status));
  if (index < ended_.size()) ++ended_[index];
}

void JobRegistry::tell_end(uint64_t tag, const std::function<void(Status)>& on_done,
                           Status status) const noexcept {
  if (!on_done) return;
  try {
    const OwnThread mark(this);
    on_done(status);
  } catch (...) {
    log_.error(tag, "on_done threw: {}", current_failure().message);
  }
}

void JobRegistry::fill(Metrics& metrics) const {
  std::copy(ended_.begin(), ended_.end(), metrics.ended.begin());
}

}  // namespace chatterbox::engine
