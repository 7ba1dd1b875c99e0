// The threads that run a loaded model, and all that callers share with them. Whoever waits for
// something of it holds it, so that it outlives the engine where a caller is still within a call.
#pragma once

#include <atomic>
#include <future>
#include <memory>
#include <thread>

#include "engine/job_registry.h"
#include "engine/scheduling/live_metrics.h"
#include "engine/scheduling/waiting_room.h"
#include "engine/scheduling/work_queue.h"
#include "runtime/executor.h"
#include "support/log.h"

namespace chatterbox::engine {

class Scheduler;
class SpeechThread;

class Worker : public std::enable_shared_from_this<Worker> {
 public:
  // Loads the models on the new thread and waits for them; throws what that throws.
  [[nodiscard]] static std::shared_ptr<Worker> start(const EngineOptions& options, const Log& log);
  Worker(const EngineOptions& options, const Log& log);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // To be called once, last: ends everything with kCancelled and waits for the threads. Within a
  // callback it cannot wait: there they end when the callback has returned.
  void stop() noexcept;

  [[nodiscard]] const runtime::ModelCatalog& catalog() const { return model_->catalog(); }
  [[nodiscard]] TimePoint now() const { return model_->now(); }  // the clock of jobs
  [[nodiscard]] const std::shared_ptr<JobRegistry>& registry() const { return registry_; }
  [[nodiscard]] const std::shared_ptr<WorkQueue>& queue() const { return queue_; }
  [[nodiscard]] WaitingRoom& room() const { return *room_; }
  [[nodiscard]] Metrics metrics() const;
  // Of a batch or a long text, which takes its turns by itself.
  [[nodiscard]] ClientId new_bulk_client();
  // Throws on the engine's own threads.
  void refuse_own_thread() const;

 private:
  void run(const EngineOptions& options, std::promise<void>& loaded) noexcept;
  void load(const EngineOptions& options);
  void work() noexcept;
  void work_until_stopped(Scheduler& scheduler);
  [[nodiscard]] bool admit(Scheduler& scheduler);
  void sleep();
  void report_death(const Failure& reason) noexcept;
  void refuse_callers(const Failure& reason) noexcept;
  void end_all(const Failure& reason) noexcept;

  const int64_t max_streams_;  // 0: derived from what work takes
  const Log log_;
  const std::shared_ptr<Bell> bell_;  // rung when the worker's thread may have something to do
  const std::shared_ptr<JobRegistry> registry_;
  const std::shared_ptr<WaitingRoom> room_;
  const std::shared_ptr<WorkQueue> queue_;
  LiveMetrics metrics_;
  std::atomic<bool> stopping_{false};
  std::atomic<uint64_t> bulk_clients_{0};
  std::unique_ptr<runtime::Model> model_;  // once loaded, as long as this object
  std::unique_ptr<SpeechThread> speech_;   // null: S3Gen is the worker thread's too
  std::thread thread_;
};

}  // namespace chatterbox::engine
