// A thread of its own for S3Gen, for devices that can run it beside T3.
#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "engine/bell.h"
#include "runtime/executor.h"

namespace chatterbox::engine {

// One piece of work at a time. All functions are of the one thread that gives it work.
class SpeechThread {
 public:
  // Throws what executor.enter() throws on the new thread. `worker` is rung when a piece of work is
  // done. `engine`: as of OwnThread.
  SpeechThread(runtime::SpeechExecutor& executor, std::shared_ptr<Bell> worker, const void* engine);
  // Waits for the work.
  ~SpeechThread();
  SpeechThread(const SpeechThread&) = delete;
  SpeechThread& operator=(const SpeechThread&) = delete;

  void run(std::function<void()> work);  // while it is not busy
  [[nodiscard]] bool busy();
  void wait();
  // Throws what the last work threw, once.
  void rethrow();

 private:
  void loop(runtime::SpeechExecutor& executor);
  void work_until_stopped();

  const std::shared_ptr<Bell> worker_;
  const void* const engine_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::function<void()> work_;  // empty: not busy
  std::exception_ptr failure_;
  bool entered_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace chatterbox::engine
