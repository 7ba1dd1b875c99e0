// A thread of its own for S3Gen, for devices that can run it beside T3.
#pragma once

#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

#include "engine/executor.h"

namespace chatterbox::engine {

// One piece of work at a time. All functions but id() are of the one thread that gives it work.
class SpeechThread {
 public:
  // Throws what executor.enter_speech_thread() throws on the new thread.
  explicit SpeechThread(Executor& executor);
  // Waits for the work.
  ~SpeechThread();
  SpeechThread(const SpeechThread&) = delete;
  SpeechThread& operator=(const SpeechThread&) = delete;

  void run(std::function<void()> work);  // while it is not busy
  [[nodiscard]] bool busy();
  void wait();
  // At most so long.
  void wait_for(std::chrono::milliseconds most);
  // Throws what the last work threw, once.
  void rethrow();
  [[nodiscard]] std::thread::id id() const { return id_; }

 private:
  void loop(Executor& executor);
  void work_until_stopped();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::function<void()> work_;  // empty: not busy
  std::exception_ptr failure_;
  bool entered_ = false;
  bool stopping_ = false;
  std::thread thread_;
  std::thread::id id_;
};

}  // namespace chatterbox::engine
