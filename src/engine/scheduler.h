// The requests that are running, and what happens to them next. Of the worker thread alone; what
// speak() does of a batch may be the speech thread's.
#pragma once

#include <spdlog/logger.h>

#include <atomic>
#include <chrono>
#include <list>
#include <memory>
#include <vector>

#include "engine/executor.h"
#include "engine/job.h"
#include "engine/speech_thread.h"
#include "support/log.h"

namespace chatterbox::engine {

// How much is going on; read from any thread.
struct Load {
  std::atomic<int64_t> rows{0};
  std::atomic<int64_t> peak_rows{0};
  std::atomic<int64_t> running{0};
  std::atomic<int64_t> prefix_hits{0};
  std::atomic<int64_t> prefix_misses{0};
  std::atomic<int64_t> prefix_positions_saved{0};
};

class Scheduler {
 public:
  // `speech` may be null: then S3Gen runs between two decode steps. `max_batch` is without effect
  // in mode kSequential. `stopping` becomes true when everything is to end with kCancelled.
  Scheduler(Executor& executor, SpeechThread* speech, int64_t max_batch, Log log,
            const std::atomic<bool>& stopping, Load& load);

  [[nodiscard]] bool empty() const { return running_.empty(); }
  // Whether the task can start now, and so must not wait.
  [[nodiscard]] bool accepts(const Task& task) const;
  // Whether the models have time for something else between two steps.
  [[nodiscard]] bool accepts_other_work() const;

  // Takes its rows. A job that fails is over when this returns.
  void start(const std::shared_ptr<Job::Impl>& job) noexcept;
  // One part of the prefill of the sequence that came first of those that are not through with it,
  // one decode step of all others, then the speech of one batch of those that have all their
  // tokens, if it is time. With a speech thread the batch is handed over.
  void advance() noexcept;
  // Ends whatever still runs.
  void fail_all(const Failure& failure) noexcept;

 private:
  using Clock = std::chrono::steady_clock;

  // kCollected: it has all its tokens. kSpeaking: it is the speech thread's, and of the rest of it
  // nothing may be read here.
  enum class Phase { kPrefill, kDecode, kCollected, kSpeaking };

  struct Sequence {
    std::shared_ptr<Job::Impl> job;  // null: has ended, and goes with sweep()
    int64_t id = 0;
    Phase phase = Phase::kPrefill;
    int64_t rows = 0;      // of the KV cache
    int64_t frames = 0;    // of its mel, once all tokens are there
    int64_t patience = 0;  // decode steps that it still waits for others to be spoken with
    bool dropped = false;  // its job is over, but the executor is working on its batch
    Clock::time_point decode_start;
    Timings timings;

    [[nodiscard]] bool is(Phase wanted) const { return phase == wanted && job; }
  };
  using Batch = std::vector<Sequence*>;

  [[nodiscard]] std::optional<Failure> interruption(const Job::Impl& job) const;
  [[nodiscard]] int64_t count(Phase phase) const;
  void drop_interrupted();

  void prefill();
  void prefill(Sequence& sequence);
  void decode();
  bool collect(Sequence& sequence);

  [[nodiscard]] std::vector<Batch> batches_to_speak();
  [[nodiscard]] Batch next_to_speak();
  void begin_speaking(Batch batch);
  void take_back();
  void reclaim() noexcept;
  void speak(const Batch& batch);
  void speak_in_halves(const Batch& batch, const Failure& failure);
  void flow(const Batch& batch);
  void before_euler_step(const Batch& batch, int64_t step);
  [[nodiscard]] Batch still_wanted(const Batch& batch);
  [[nodiscard]] std::vector<std::vector<float>> vocode(const Batch& batch);
  void finish(Sequence& sequence, std::vector<float> samples);

  void drop(Sequence& sequence, Failure failure) noexcept;
  void end(Sequence& sequence, Failure failure) noexcept;
  void release_rows(Sequence& sequence) noexcept;
  void sweep() noexcept;

  Executor& executor_;
  SpeechThread* const speech_;
  const Mode mode_;
  const int64_t max_batch_;
  const size_t most_running_;
  const CacheLimits limits_;
  Log log_;
  const std::atomic<bool>& stopping_;
  Load& load_;
  bool batch_is_closed_ = false;  // in mode kBatch: nothing may join any more
  std::list<Sequence> running_;
  Batch speaking_;  // what the speech thread has
};

}  // namespace chatterbox::engine
