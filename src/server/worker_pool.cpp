#include "server/worker_pool.h"

#include <system_error>
#include <utility>

namespace chatterbox::server {

WorkerPool::~WorkerPool() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  bell_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool WorkerPool::run(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    if (idle_ <= tasks_.size()) {
      if (threads_.size() >= most_) return false;
      try {
        threads_.emplace_back([this] { work(); });
      } catch (const std::system_error&) {
        return false;  // the system has no more threads
      }
      ++idle_;  // on its way
    }
    tasks_.push_back(std::move(task));
  }
  bell_.notify_one();
  return true;
}

bool WorkerPool::idle_within(std::chrono::milliseconds most) {
  std::unique_lock lock(mutex_);
  return done_.wait_for(lock, most, [this] { return tasks_.empty() && idle_ == threads_.size(); });
}

void WorkerPool::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    bell_.wait(lock, [this] { return ends_ || !tasks_.empty(); });
    if (tasks_.empty()) return;
    auto task = std::move(tasks_.front());
    tasks_.pop_front();
    --idle_;
    lock.unlock();
    task();
    task = nullptr;  // what it holds goes without the lock
    lock.lock();
    ++idle_;
    done_.notify_all();
  }
}

}  // namespace chatterbox::server
