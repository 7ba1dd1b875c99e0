// Threads for what waits: each request that is being answered has one while it is.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace chatterbox::server {

class WorkerPool {
 public:
  explicit WorkerPool(size_t most) : most_(most) {}
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;
  ~WorkerPool();  // waits for all of them

  // False where all threads are busy; the task, which must not throw, is then dropped.
  [[nodiscard]] bool run(std::function<void()> task);
  // Waits until no task is left, at most `most`. False: some are not done.
  [[nodiscard]] bool idle_within(std::chrono::milliseconds most);

 private:
  void work();

  const size_t most_;
  std::mutex mutex_;
  std::condition_variable bell_;  // tasks, or the end
  std::condition_variable done_;  // a task has ended
  std::deque<std::function<void()>> tasks_;
  std::vector<std::thread> threads_;
  size_t idle_ = 0;
  bool ends_ = false;
};

}  // namespace chatterbox::server
