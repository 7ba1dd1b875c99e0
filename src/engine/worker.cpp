#include "engine/worker.h"

#include <atomic>
#include <utility>

#include "engine/scheduler.h"
#include "engine/speech_thread.h"
#include "support/error.h"

namespace chatterbox::engine {

// What the thread does and works on.
class Worker::Loop {
 public:
  Loop(const EngineOptions& options, Log log)
      : options_(options),
        log_(std::move(log)),
        queue_(std::make_shared<WorkQueue>(static_cast<size_t>(options.max_queue))) {}

  // The thread's function. `loaded` lives until it has its outcome.
  void run(Completion<bool>& loaded) noexcept;

  // From any thread. Once loaded, the executor lives as long as this object.
  void stop();
  [[nodiscard]] const Executor& executor() const { return *executor_; }
  [[nodiscard]] const std::shared_ptr<WorkQueue>& queue() const { return queue_; }
  [[nodiscard]] Capacity capacity() const;
  [[nodiscard]] bool is_speech_thread(std::thread::id id) const {
    return speech_ && speech_->id() == id;
  }

 private:
  void load();
  void work_until_closed();
  void admit(Scheduler& scheduler);
  void make_voice(VoiceJob& job) noexcept;
  void close(const Failure& failure);
  void fail_thread();

  const EngineOptions options_;
  Log log_;
  std::shared_ptr<WorkQueue> queue_;
  std::atomic<bool> stopping_{false};
  Load load_;
  std::unique_ptr<Executor> executor_;
  std::unique_ptr<SpeechThread> speech_;  // null: S3Gen is the worker thread's too
};

void Worker::Loop::load() {
  executor_ = make_executor(options_);
  if (executor_->overlaps() && executor_->mode() == Mode::kDynamic) {
    speech_ = std::make_unique<SpeechThread>(*executor_);
  }
  executor_->enter_worker();
}

void Worker::Loop::run(Completion<bool>& loaded) noexcept {
  try {
    load();
  } catch (...) {
    speech_.reset();
    executor_.reset();
    loaded.fail(current_failure());
    return;
  }
  loaded.succeed(true);
  try {
    work_until_closed();
  } catch (...) {
    fail_thread();
  }
  try {
    executor_->leave_worker();
  } catch (...) {
    fail_thread();
  }
}

// Must be called from a catch block.
void Worker::Loop::fail_thread() {
  const Failure failure = current_failure();
  log_->error("the engine's thread ended: {}", failure.message);
  close(failure);
}

void Worker::Loop::stop() {
  stopping_ = true;
  close({Status::kCancelled, "the engine was destroyed"});
}

void Worker::Loop::close(const Failure& failure) {
  for (const Work& work : queue_->close()) fail_work(work, failure);
}

void Worker::Loop::work_until_closed() {
  Scheduler scheduler(*executor_, speech_.get(), options_.max_batch, log_, stopping_, load_);
  while (!stopping_) {
    admit(scheduler);
    scheduler.advance();
  }
  scheduler.fail_all({Status::kCancelled, "the engine was destroyed"});
}

// Takes what waits, if there is room for it: one at a time, so that running sequences are held up
// by one prefill between two of their steps, or a whole batch. Waits only where there is nothing
// else to do, and a moment for the rest of a batch, which its callers submit one by one.
void Worker::Loop::admit(Scheduler& scheduler) {
  const bool whole_batch = executor_->mode() == Mode::kBatch;
  const std::chrono::milliseconds patience(whole_batch ? 5 : 0);
  const auto accepts = [&](const Work& work) {
    const auto* job = std::get_if<std::shared_ptr<Job::Impl>>(&work);
    return job != nullptr ? scheduler.accepts((*job)->task()) : scheduler.accepts_other_work();
  };
  do {
    const std::optional<Work> work =
        scheduler.empty() ? queue_->pop() : queue_->pop_if(accepts, patience);
    if (!work) return;
    if (const auto* job = std::get_if<std::shared_ptr<Job::Impl>>(&*work)) {
      scheduler.start(*job);
    } else {
      make_voice(*std::get<std::shared_ptr<VoiceJob>>(*work));
    }
  } while (whole_batch);
}

Capacity Worker::Loop::capacity() const {
  const CacheLimits limits = executor_->limits();
  Capacity capacity;
  capacity.rows = limits.rows;
  capacity.positions = limits.positions;
  capacity.row_bytes = limits.row_bytes;
  capacity.cache_bytes = limits.rows * limits.row_bytes;
  capacity.batch_frames = limits.batch_frames;
  capacity.rows_in_use = load_.rows;
  capacity.peak_rows = load_.peak_rows;
  capacity.running = load_.running;
  capacity.waiting = static_cast<int64_t>(queue_->size());
  capacity.prefix_bytes = limits.prefix_bytes;
  capacity.prefix_hits = load_.prefix_hits;
  capacity.prefix_misses = load_.prefix_misses;
  capacity.prefix_positions_saved = load_.prefix_positions_saved;
  return capacity;
}

void Worker::Loop::make_voice(VoiceJob& job) noexcept {
  try {
    job.completion.succeed(executor_->make_voice(*job.recording, *job.options));
  } catch (...) {
    job.completion.fail(current_failure());
  }
}

Worker::Worker(const EngineOptions& options, const Log& log)
    : loop_(std::make_shared<Loop>(options, log)) {
  Completion<bool> loaded;
  thread_ = std::thread([loop = loop_, &loaded] { loop->run(loaded); });
  try {
    (void)loaded.get();
  } catch (...) {
    thread_.join();
    throw;
  }
}

Worker::~Worker() {
  loop_->stop();
  if (on_own_thread()) {
    thread_.detach();
  } else {
    thread_.join();
  }
}

const Executor& Worker::executor() const { return loop_->executor(); }

const std::shared_ptr<WorkQueue>& Worker::queue() const { return loop_->queue(); }

Capacity Worker::capacity() const { return loop_->capacity(); }

bool Worker::on_own_thread() const {
  const std::thread::id here = std::this_thread::get_id();
  return here == thread_.get_id() || loop_->is_speech_thread(here);
}

void Worker::refuse_own_thread() const {
  if (on_own_thread()) {
    fail(Status::kInvalidArgument, "a callback must not call the engine that calls it");
  }
}

}  // namespace chatterbox::engine
