#include <chatterbox/chatterbox.hpp>
#include <random>
#include <utility>

#include "engine/job.h"
#include "engine/validate.h"
#include "engine/voice.h"
#include "engine/worker.h"
#include "support/error.h"
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
  return task;
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

  [[nodiscard]] std::shared_ptr<Job::Impl> submit(const Request& request) {
    worker_.refuse_own_thread();
    engine::validate_request(request);
    engine::Task task = make_task(request, executor().default_voice());
    executor().check(task);
    auto job = std::make_shared<Job::Impl>(std::move(task), request, worker_.queue());
    worker_.queue()->push(job);
    return job;
  }

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
  Log log_;
  engine::Worker worker_;
};

ChatterboxEngine::ChatterboxEngine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ChatterboxEngine::~ChatterboxEngine() = default;
ChatterboxEngine::ChatterboxEngine(ChatterboxEngine&&) noexcept = default;
ChatterboxEngine& ChatterboxEngine::operator=(ChatterboxEngine&&) noexcept = default;

ChatterboxEngine ChatterboxEngine::load(EngineOptions options) {
  engine::validate_options(options);
  return ChatterboxEngine(std::make_unique<Impl>(options));
}

EngineInfo ChatterboxEngine::info() const { return impl_->executor().info(); }

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

Job ChatterboxEngine::submit(Request request) const { return Job(impl_->submit(request)); }

}  // namespace chatterbox
