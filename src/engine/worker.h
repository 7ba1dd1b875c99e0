// The thread that runs the models, and the speech thread where there is one.
#pragma once

#include <chatterbox/chatterbox.hpp>
#include <memory>
#include <thread>

#include "engine/executor.h"
#include "engine/work_queue.h"
#include "support/log.h"

namespace chatterbox::engine {

class Worker {
 public:
  // Loads the models on the new thread and waits for them; throws what that throws.
  Worker(const EngineOptions& options, const Log& log);
  // Cancels everything and waits for the threads. On one of them, where a callback let go of the
  // engine, it cannot wait: they end when the callback has returned.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  [[nodiscard]] const Executor& executor() const;
  [[nodiscard]] const std::shared_ptr<WorkQueue>& queue() const;
  [[nodiscard]] Capacity capacity() const;
  // Throws where the caller is a callback: waiting for the worker there would never end.
  void refuse_own_thread() const;

 private:
  class Loop;
  [[nodiscard]] bool on_own_thread() const;

  std::shared_ptr<Loop> loop_;  // the thread holds it too
  std::thread thread_;
};

}  // namespace chatterbox::engine
