#include "engine/scheduling/work_queue.h"

#include <utility>

#include "support/error.h"

namespace chatterbox::engine {

void WorkQueue::push(const JobPointer& job, WaitingRoom::Seat seat) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (closed_) closed_->raise();
    const Standing& standing = job->standing();
    waiting_.push(standing.priority, standing.client, {job, std::move(seat)});
  }
  // One that was interrupted before it was here. The worker may have it already.
  if (job->is_interrupted()) return interrupted(*job);
  worker_->ring();
}

WorkQueue::JobPointer WorkQueue::pop_if(
    const std::function<Admission(const Job::State&)>& admission) {
  std::optional<Entry> entry;  // its seat is free when the lock is
  const std::lock_guard<std::mutex> lock(mutex_);
  entry = waiting_.pop_if([&](const Entry& one) { return admission(*one.job); });
  return entry ? entry->job : nullptr;
}

std::vector<WorkQueue::JobPointer> WorkQueue::close(const Failure& reason) {
  std::vector<Entry> entries;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    closed_ = reason;
    while (!waiting_.empty()) entries.push_back(waiting_.pop());
  }
  worker_->ring();
  std::vector<JobPointer> jobs;
  jobs.reserve(entries.size());
  for (Entry& entry : entries) jobs.push_back(std::move(entry.job));
  return jobs;
}

size_t WorkQueue::size() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return waiting_.size();
}

void WorkQueue::for_each(const std::function<void(const Job::State&)>& look) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  waiting_.for_each([&](const Entry& entry) { look(*entry.job); });
}

std::optional<WorkQueue::Entry> WorkQueue::remove(const Job::State& job) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const Standing& standing = job.standing();
  return waiting_.take(standing.priority, standing.client,
                       [&](const Entry& entry) { return entry.job.get() == &job; });
}

void WorkQueue::interrupted(Job::State& job) noexcept {
  std::optional<Entry> removed = remove(job);
  if (!removed) return worker_->ring();
  removed->seat.leave();  // before whoever waits for the job can submit another
  job.end_unwanted();
}

}  // namespace chatterbox::engine
