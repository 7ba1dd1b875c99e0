#include "engine/scheduling/worker.h"

#include <utility>

#include "engine/own_thread.h"
#include "engine/scheduling/scheduler.h"
#include "engine/scheduling/speech_thread.h"
#include "support/start_thread.h"

namespace chatterbox::engine {
namespace {

// In mode kBatch: how long a batch waits for the next of its requests, which its callers submit one
// by one.
constexpr std::chrono::milliseconds kBatchPatience(5);

template <class Executor>
void enter(Executor& executor) {
  try {
    executor.enter();
  } catch (...) {
    executor.leave();
    throw;
  }
}

Failure destroyed() { return {Status::kCancelled, "the engine was destroyed"}; }

}  // namespace

Worker::Worker(const EngineOptions& options, const Log& log)
    : max_streams_(options.max_streams.value_or(0)),
      log_(log),
      bell_(std::make_shared<Bell>()),
      registry_(std::make_shared<JobRegistry>(log)),
      room_(std::make_shared<WaitingRoom>(options.max_queue, options.max_queue_bytes)),
      queue_(std::make_shared<WorkQueue>(bell_)) {}

Worker::~Worker() = default;

std::shared_ptr<Worker> Worker::start(const EngineOptions& options, const Log& log) {
  auto worker = std::make_shared<Worker>(options, log);
  const auto loaded = std::make_shared<std::promise<void>>();
  // The options are the caller's, who waits: they may hold the files of a model.
  worker->thread_ = start_thread([worker, loaded, &options] { worker->run(options, *loaded); });
  try {
    loaded->get_future().get();
  } catch (...) {
    worker->thread_.join();
    throw;
  }
  return worker;
}

void Worker::run(const EngineOptions& options, std::promise<void>& loaded) noexcept {
  const OwnThread mark(registry_.get());
  try {
    load(options);
  } catch (...) {
    speech_.reset();
    model_.reset();
    loaded.set_exception(std::current_exception());
    return;
  }
  loaded.set_value();
  work();
  speech_.reset();
  model_->tokens().leave();
}

void Worker::load(const EngineOptions& options) {
  model_ = runtime::load_model(options, log_);
  if (catalog().device_traits().overlaps && catalog().mode() == Mode::kDynamic) {
    speech_ = std::make_unique<SpeechThread>(model_->speech(), bell_, registry_.get());
  }
  enter(model_->tokens());
  if (speech_) return;
  try {
    enter(model_->speech());
  } catch (...) {
    model_->tokens().leave();
    throw;
  }
}

void Worker::work() noexcept {
  Scheduler scheduler(*model_, speech_.get(), max_streams_, log_, metrics_,
                      [this] { registry_->expire(now()); });
  Failure reason;
  try {
    work_until_stopped(scheduler);
    reason = destroyed();
  } catch (...) {
    reason = current_failure();
    report_death(reason);
  }
  end_all(reason);
  scheduler.fail_all(reason);
  if (!speech_) model_->speech().leave();
}

void Worker::work_until_stopped(Scheduler& scheduler) {
  while (!stopping_) {
    registry_->expire(now());
    const bool admitted = admit(scheduler);
    const bool advanced = scheduler.advance();
    if (!admitted && !advanced) sleep();
  }
}

// Takes what waits, if there is room for it: one at a time, so that running sequences are held up
// by one prefill between two of their steps, or a whole batch.
bool Worker::admit(Scheduler& scheduler) {
  const bool whole_batch = catalog().mode() == Mode::kBatch;
  const auto admission = [&](const Job::State& job) { return scheduler.admission(job); };
  bool admitted = false;
  while (true) {
    if (const auto job = queue_->pop_if(admission)) {
      scheduler.start(job);
      admitted = true;
      if (!whole_batch) return true;
    } else if (!admitted || !scheduler.batch_is_open() ||
               !bell_->wait_until(Clock::now() + kBatchPatience)) {
      return admitted;
    }
  }
}

// Until there is something new, or a deadline has come.
void Worker::sleep() {
  const TimePoint deadline = registry_->next_deadline();
  (void)bell_->wait_until(deadline == TimePoint::max() ? deadline
                                                       : Clock::now() + (deadline - now()));
}

void Worker::report_death(const Failure& reason) noexcept {
  refuse_callers(reason);  // before anybody can see that it is not healthy
  metrics_.set_unhealthy();
  if (reason.status == Status::kDeviceLost) {
    log_.error(0, "the device was lost, and every request fails: {}", reason.message);
  } else {
    log_.error(0, "the engine's thread ended, and every request fails: {}", reason.message);
  }
}

void Worker::refuse_callers(const Failure& reason) noexcept {
  try {
    room_->close(reason);
  } catch (...) {
    log_.error(0, "no memory to refuse requests");
  }
}

// All that is queued, and asks all that runs to stop; later callers get the reason.
void Worker::end_all(const Failure& reason) noexcept {
  refuse_callers(reason);
  try {
    registry_->close(reason);
    registry_->interrupt_all(reason);
    for (const auto& job : queue_->close(reason)) job->fail(reason);
  } catch (...) {
    log_.error(0, "no memory to end every request");
  }
}

void Worker::stop() noexcept {
  stopping_ = true;
  bell_->ring();
  try {
    end_all(destroyed());
  } catch (...) {
    log_.error(0, "no memory to say why requests end");  // the worker's thread ends them
  }
  if (on_own_thread(registry_.get())) {
    thread_.detach();
  } else {
    thread_.join();
  }
}

Metrics Worker::metrics() const {
  Metrics metrics;
  metrics_.fill(metrics, now());
  registry_->fill(metrics);
  metrics.waiting = static_cast<int64_t>(queue_->size());
  metrics.waiting_bytes = room_->bytes();
  const Costs costs = metrics_.costs();
  queue_->for_each(
      [&](const Job::State& job) { metrics.queue_seconds += seconds_ahead(costs, job.task(), 0); });
  return metrics;
}

ClientId Worker::new_bulk_client() { return {true, ++bulk_clients_}; }

void Worker::refuse_own_thread() const { engine::refuse_own_thread(registry_.get()); }

}  // namespace chatterbox::engine
