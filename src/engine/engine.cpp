#include "engine/engine.h"

#include <new>
#include <utility>

#include "engine/batch.h"
#include "engine/long_text.h"
#include "engine/make_task.h"
#include "engine/submit.h"
#include "engine/validate.h"
#include "support/error.h"
#include "support/interruption.h"

namespace chatterbox {
namespace {

using engine::Submission;
using engine::Worker;

Limits limits_of(const runtime::ModelCatalog& catalog, const EngineOptions& options) {
  const runtime::CacheLimits cache = catalog.limits();
  Limits limits;
  limits.rows = cache.rows;
  limits.positions = cache.positions;
  limits.row_bytes = cache.row_bytes;
  limits.cache_bytes = cache.rows * cache.row_bytes;
  limits.batch_frames = cache.batch_frames;
  limits.prefix_bytes = cache.prefix_bytes;
  limits.prompt_bytes = cache.prompt_bytes;
  limits.max_batch = cache.requests;
  limits.max_queue = options.max_queue;
  limits.max_queue_bytes = options.max_queue_bytes;
  limits.max_text_tokens = catalog.info().max_text_tokens;
  return limits;
}

// What a caller holds. The samples that are read go to whoever holds the job: where nobody does any
// more, nobody can read them, and it would be unread for ever. Nor can anybody feed it.
struct Holder {
  Holder() = default;
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;
  ~Holder() {
    if (!job || !(job->is_read() || job->waits_for_text())) return;
    try {
      job->cancel();
    } catch (const std::bad_alloc&) {
      return;  // the end of the engine ends it
    }
  }

  std::shared_ptr<Job::State> job;
};

// Made before `submit` puts the job on its way: what was accepted must get to its caller.
template <class Submit>
Job handle_of(Submit&& submit) {
  const auto holder = std::make_shared<Holder>();
  holder->job = submit();
  return Job(std::shared_ptr<Job::State>(holder, holder->job.get()));
}

}  // namespace

class Engine::Impl {
 public:
  explicit Impl(const EngineOptions& options) : log_(options.log, options.log_level) {
    try {
      engine::validate_options(options);
      worker_ = Worker::start(options, log_);
      limits_ = limits_of(worker_->catalog(), options);
    } catch (...) {
      log_.close();
      throw;
    }
    const EngineInfo& info = worker_->catalog().info();
    if (options.threads && info.threads < *options.threads) {
      log_.warning(0, "threads was {}; {} compute, as many as the cores are good for",
                   *options.threads, info.threads);
    }
    log_.info(0, "loaded {} ({}, {}, T3 {}, S3Gen {}) in {:.3f} s", info.model, info.family,
              info.device, info.t3_precision, info.s3gen_precision, info.load_seconds);
  }
  ~Impl() {
    worker_->stop();
    log_.close();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  // Calls hold it for as long as they wait.
  [[nodiscard]] const std::shared_ptr<Worker>& worker() const { return worker_; }
  [[nodiscard]] const Limits& limits() const { return limits_; }

 private:
  const Log log_;
  std::shared_ptr<Worker> worker_;
  Limits limits_;
};

Engine::Engine(const EngineOptions& options) : impl_(std::make_unique<Impl>(options)) {}
Engine::~Engine() = default;

const EngineInfo& Engine::info() const { return impl_->worker()->catalog().info(); }

const Limits& Engine::limits() const { return impl_->limits(); }

Metrics Engine::metrics() const { return impl_->worker()->metrics(); }

Voice Engine::default_voice() const {
  auto conditionals = impl_->worker()->catalog().default_voice();
  if (!conditionals) fail(Status::kNotFound, "the model has no voice of its own");
  return Voice(std::move(conditionals));
}

Voice Engine::named_voice(const std::string& name) const {
  return Voice(impl_->worker()->catalog().named_voice(name));
}

int64_t Engine::count_tokens(std::string_view text, const std::string& language,
                             bool text_tags) const {
  engine::validate_long_text(text);
  runtime::Task task;
  task.text = text;
  task.language = engine::lower_case(language);
  task.text_tags = text_tags;
  return impl_->worker()->catalog().text_tokens(task);
}

Job Engine::submit(const Request& request) {
  const std::shared_ptr<Worker> worker = impl_->worker();
  const Submission submission(*worker);
  runtime::Task task = engine::make_task(request, worker->catalog());
  return handle_of([&] { return engine::submit(*worker, request, std::move(task), submission); });
}

Job Engine::submit(const Conversion& conversion) {
  const std::shared_ptr<Worker> worker = impl_->worker();
  const Submission submission(*worker);
  runtime::Task task = engine::make_task(conversion, worker->catalog());
  return handle_of(
      [&] { return engine::submit(*worker, conversion, std::move(task), submission); });
}

Job Engine::submit_long(const Request& request, const LongTextOptions& options) {
  const std::shared_ptr<Worker> worker = impl_->worker();
  return handle_of([&] { return engine::LongText::submit(worker, request, options); });
}

Job Engine::open(const Request& request, const LongTextOptions& options) {
  const std::shared_ptr<Worker> worker = impl_->worker();
  return handle_of([&] { return engine::LongText::open(worker, request, options); });
}

std::vector<Outcome> Engine::generate_batch(const std::vector<Request>& requests) {
  const std::shared_ptr<Worker> worker = impl_->worker();
  worker->refuse_own_thread();
  return engine::generate_batch(*worker, requests);
}

Voice Engine::make_voice(const Audio& recording, const VoiceOptions& options) {
  const std::shared_ptr<Worker> worker = impl_->worker();
  worker->refuse_own_thread();
  const Submission submission(*worker);
  JobOptions job;
  job.on_tensor = options.on_tensor;
  job.wait_for_room = kForever;
  const int64_t interruptions = worker->registry()->interruptions();
  const auto make_task = [&] {
    const InterruptionCheck check([&] { worker->registry()->check_interruptions(interruptions); });
    return engine::make_task(recording, options, worker->catalog());
  };
  return Voice(engine::submit(*worker, job, make_task(), submission, interruptions)->voice());
}

void Engine::cancel_all() {
  impl_->worker()->registry()->interrupt_all(
      {Status::kCancelled, "all requests of the engine were cancelled"});
}

bool Engine::drain(std::chrono::milliseconds timeout) {
  const std::shared_ptr<Worker> worker = impl_->worker();
  const engine::TimePoint due = engine::end_of_wait(timeout, engine::Clock::now());
  if (timeout.count() != 0) worker->refuse_own_thread();
  worker->room().close({Status::kBusy, "the engine is being drained and accepts nothing more"});
  // Whoever has a seat registers a job before it gives the seat away.
  return worker->room().wait_until_empty(due) && worker->registry()->wait_until_empty(due);
}

}  // namespace chatterbox
