// The requests that are running, and what happens to them next. Of the worker thread alone.
#pragma once

#include <spdlog/logger.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include "engine/executor.h"
#include "engine/job.h"
#include "support/log.h"

namespace chatterbox::engine {

class Scheduler {
 public:
  // `stopping` becomes true when everything is to end with kCancelled.
  Scheduler(Executor& executor, Log log, const std::atomic<bool>& stopping);

  [[nodiscard]] bool empty() const { return running_.empty(); }
  [[nodiscard]] bool full() const { return running_.size() >= kMaxRunning; }

  // Runs the prefill. A job that fails is over when this returns.
  void start(const std::shared_ptr<Job::Impl>& job) noexcept;
  // One decode step of all sequences, then the speech of those that have all their tokens.
  void advance() noexcept;
  // Ends whatever still runs.
  void fail_all(const Failure& failure) noexcept;

 private:
  static constexpr size_t kMaxRunning = 1;
  using Clock = std::chrono::steady_clock;

  struct Sequence {
    std::shared_ptr<Job::Impl> job;
    int64_t id = 0;
    Clock::time_point decode_start;
    Timings timings;
  };
  using Batch = std::vector<Sequence*>;

  [[nodiscard]] std::optional<Failure> interruption(const Job::Impl& job) const;
  [[nodiscard]] Batch sequences(bool generated);
  void drop_interrupted();
  void decode();
  void speak();
  void flow(const Batch& batch);
  std::vector<std::vector<float>> vocode(const Batch& batch);
  void finish(Sequence& sequence, std::vector<float> samples);
  void end(Sequence& sequence, Failure failure) noexcept;
  // An exception from `work` ends the sequences of the batch.
  void guard(const Batch& batch, const std::function<void()>& work) noexcept;
  void sweep() noexcept;

  Executor& executor_;
  Log log_;
  const std::atomic<bool>& stopping_;
  std::vector<Sequence> running_;  // a sequence that has ended has no job until sweep()
};

}  // namespace chatterbox::engine
