#include "engine/work_queue.h"

#include <algorithm>
#include <utility>

#include "support/error.h"

namespace chatterbox::engine {

void fail_work(const Work& work, const Failure& failure) {
  if (const auto* job = std::get_if<std::shared_ptr<Job::Impl>>(&work)) {
    (*job)->fail(failure);
  } else {
    std::get<std::shared_ptr<VoiceJob>>(work)->completion.fail(failure);
  }
}

void WorkQueue::push(Work work) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (closed_) fail(Status::kCancelled, "the engine is being destroyed");
  if (waiting_.size() >= capacity_) {
    fail(Status::kBusy, "{} requests are waiting, which is max_queue", waiting_.size());
  }
  waiting_.push_back(std::move(work));
  changed_.notify_one();
}

size_t WorkQueue::push_all(const std::vector<Work>& works) {
  std::unique_lock<std::mutex> lock(mutex_);
  size_t pushed = 0;
  while (pushed < works.size()) {
    room_.wait(lock, [this] { return closed_ || waiting_.size() < capacity_; });
    if (closed_) break;
    while (pushed < works.size() && waiting_.size() < capacity_) {
      waiting_.push_back(works[pushed++]);
    }
    changed_.notify_one();
  }
  return pushed;
}

std::optional<Work> WorkQueue::pop() {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [this] { return closed_ || !waiting_.empty(); });
  return pop_front();
}

std::optional<Work> WorkQueue::pop_if(const std::function<bool(const Work&)>& accepts,
                                      std::chrono::milliseconds patience) {
  std::unique_lock<std::mutex> lock(mutex_);
  const auto ready = [this] { return closed_ || !waiting_.empty(); };
  if (!changed_.wait_for(lock, patience, ready)) return std::nullopt;
  if (closed_ || !accepts(waiting_.front())) return std::nullopt;
  return pop_front();
}

size_t WorkQueue::size() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return waiting_.size();
}

std::optional<Work> WorkQueue::pop_front() {
  if (waiting_.empty()) return std::nullopt;
  std::optional<Work> work(std::move(waiting_.front()));
  waiting_.pop_front();
  room_.notify_one();
  return work;
}

bool WorkQueue::remove(const Job::Impl& job) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = std::find_if(waiting_.begin(), waiting_.end(), [&](const Work& work) {
    const auto* other = std::get_if<std::shared_ptr<Job::Impl>>(&work);
    return other != nullptr && other->get() == &job;
  });
  if (found == waiting_.end()) return false;
  waiting_.erase(found);
  room_.notify_one();
  return true;
}

std::deque<Work> WorkQueue::close() {
  const std::lock_guard<std::mutex> lock(mutex_);
  closed_ = true;
  changed_.notify_all();
  room_.notify_all();
  return std::exchange(waiting_, {});
}

}  // namespace chatterbox::engine
