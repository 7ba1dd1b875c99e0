#include <chatterbox/chatterbox.hpp>
#include <random>
#include <utility>

#include "engine/job.h"
#include "engine/validate.h"
#include "engine/voice.h"
#include "engine/worker.h"
#include "support/error.h"
#include "support/failure.h"
#include "support/log.h"

namespace chatterbox {
namespace {

uint64_t random_seed() {
  std::random_device device;
  const uint64_t high = device();
  return high << 32 | device();
}

engine::Task make_task(const Request& request,
                       std::shared_ptr<const voice::Conditionals> default_voice) {
  engine::Task task;
  task.text = request.text;
  task.voice = request.voice ? request.voice->impl()->conditionals() : std::move(default_voice);
  if (!task.voice)
    fail(Status::kNotFound, "the model has no voice of its own, so voice must be set");
  task.seed = request.seed ? *request.seed : random_seed();
  task.temperature = request.temperature;
  task.cfg_weight = request.cfg_weight;
  task.exaggeration = request.exaggeration;
  task.min_p = request.min_p;
  task.top_p = request.top_p;
  task.repetition_penalty = request.repetition_penalty;
  task.max_new_tokens = request.max_new_tokens;
  task.cfm_steps = request.cfm_steps;
  task.analyze_alignment = request.analyze_alignment;
  return task;
}

// The failure of `work`, if it fails.
template <class Work>
Outcome outcome_of(Work&& work) {
  Outcome outcome;
  try {
    work();
  } catch (...) {
    const Failure failure = current_failure();
    outcome.error.emplace(failure.status, failure.message);
  }
  return outcome;
}

}  // namespace

class ChatterboxEngine::Impl {
 public:
  explicit Impl(const EngineOptions& options)
      : log_(make_log(options.log, options.log_level)), worker_(options, log_) {
    const EngineInfo info = worker_.executor().info();
    log_->info("loaded {} ({}, {}, {}) in {:.3f} s", info.model, info.family, info.device,
               info.precision, info.load_seconds);
  }

  [[nodiscard]] const engine::Executor& executor() const { return worker_.executor(); }
  [[nodiscard]] Capacity capacity() const { return worker_.capacity(); }

  [[nodiscard]] std::shared_ptr<Job::Impl> submit(const Request& request) {
    worker_.refuse_own_thread();
    auto job = make_job(request);
    worker_.queue()->push(job);
    return job;
  }

  [[nodiscard]] std::vector<Outcome> generate_batch(const std::vector<Request>& requests);

  [[nodiscard]] Result generate(const Request& request) {
    return submit(request)->completion().take();
  }

  [[nodiscard]] voice::Conditionals make_voice(const Audio& recording, const TensorSink& sink) {
    worker_.refuse_own_thread();
    engine::validate_recording(recording);
    const auto job = std::make_shared<engine::VoiceJob>();
    job->recording = &recording;
    job->sink = &sink;
    worker_.queue()->push(job);
    return job->completion.take();
  }

 private:
  [[nodiscard]] std::shared_ptr<Job::Impl> make_job(const Request& request) {
    engine::validate_request(request);
    engine::Task task = make_task(request, executor().default_voice());
    executor().check(task);
    return std::make_shared<Job::Impl>(std::move(task), request, worker_.queue());
  }

  Log log_;
  engine::Worker worker_;
};

std::vector<Outcome> ChatterboxEngine::Impl::generate_batch(const std::vector<Request>& requests) {
  worker_.refuse_own_thread();
  std::vector<Outcome> outcomes(requests.size());
  std::vector<std::shared_ptr<Job::Impl>> jobs(requests.size());
  std::vector<engine::Work> works;
  for (size_t i = 0; i < requests.size(); ++i) {
    outcomes[i] = outcome_of([&] { jobs[i] = make_job(requests[i]); });
    if (jobs[i]) works.emplace_back(jobs[i]);
  }
  const size_t pushed = worker_.queue()->push_all(works);
  for (size_t i = pushed; i < works.size(); ++i) {
    engine::fail_work(works[i], {Status::kCancelled, "the engine is being destroyed"});
  }
  for (size_t i = 0; i < requests.size(); ++i) {
    if (!jobs[i]) continue;
    std::optional<Result> result;
    outcomes[i] = outcome_of([&] { result = jobs[i]->completion().take(); });
    outcomes[i].result = std::move(result);
  }
  return outcomes;
}

ChatterboxEngine::ChatterboxEngine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ChatterboxEngine::~ChatterboxEngine() = default;
ChatterboxEngine::ChatterboxEngine(ChatterboxEngine&&) noexcept = default;
ChatterboxEngine& ChatterboxEngine::operator=(ChatterboxEngine&&) noexcept = default;

ChatterboxEngine ChatterboxEngine::load(EngineOptions options) {
  engine::validate_options(options);
  return ChatterboxEngine(std::make_unique<Impl>(options));
}

EngineInfo ChatterboxEngine::info() const { return impl_->executor().info(); }

Capacity ChatterboxEngine::capacity() const { return impl_->capacity(); }

Voice ChatterboxEngine::default_voice() const {
  auto conditionals = impl_->executor().default_voice();
  if (!conditionals) fail(Status::kNotFound, "the model has no voice of its own");
  return engine::wrap_voice(std::move(conditionals));
}

Voice ChatterboxEngine::make_voice(const Audio& recording) const {
  return make_voice(recording, nullptr);
}

Voice ChatterboxEngine::make_voice(const Audio& recording,
                                   const std::function<void(const TensorView&)>& on_tensor) const {
  return engine::wrap_voice(
      std::make_shared<const voice::Conditionals>(impl_->make_voice(recording, on_tensor)));
}

Result ChatterboxEngine::generate(const Request& request) const { return impl_->generate(request); }

Result ChatterboxEngine::generate(std::string text) const {
  Request request;
  request.text = std::move(text);
  return generate(request);
}

Result ChatterboxEngine::generate(std::string text, const Voice& voice) const {
  Request request;
  request.text = std::move(text);
  request.voice = voice;
  return generate(request);
}

std::vector<Outcome> ChatterboxEngine::generate_batch(const std::vector<Request>& requests) const {
  return impl_->generate_batch(requests);
}

Job ChatterboxEngine::submit(Request request) const { return Job(impl_->submit(request)); }

}  // namespace chatterbox
