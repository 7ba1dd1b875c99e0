#include <chatterbox/chatterbox.hpp>
#include <utility>

#include "engine/job.h"
#include "engine/long_text.h"
#include "engine/task.h"
#include "engine/validate.h"
#include "engine/voice.h"
#include "engine/worker.h"
#include "support/error.h"
#include "support/failure.h"
#include "support/log.h"
#include "text/languages.h"

namespace chatterbox {
namespace {

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
      : log_(make_log(options.log, options.log_level)),
        worker_(options, log_),
        pieces_at_a_time_(2 * static_cast<size_t>(options.max_batch)) {
    const EngineInfo info = worker_.executor().info();
    log_->info("loaded {} ({}, {}, {}) in {:.3f} s", info.model, info.family, info.device,
               info.precision, info.load_seconds);
  }

  [[nodiscard]] const engine::Executor& executor() const { return worker_.executor(); }
  [[nodiscard]] Capacity capacity() const { return worker_.capacity(); }

  // A Request or a Conversion.
  template <class Asked>
  [[nodiscard]] std::shared_ptr<Job::Impl> submit(Asked&& asked) {
    worker_.refuse_own_thread();
    auto job = make_job(std::forward<Asked>(asked));
    worker_.queue()->push(job);
    return job;
  }

  [[nodiscard]] std::vector<Outcome> generate_batch(const std::vector<Request>& requests);

  [[nodiscard]] Result generate_long(const Request& request, const LongTextOptions& options);

  template <class Asked>
  [[nodiscard]] Result generate(Asked&& asked) {
    return submit(std::forward<Asked>(asked))->completion().take();
  }

  [[nodiscard]] voice::Conditionals make_voice(const Audio& recording,
                                               const VoiceOptions& options) {
    worker_.refuse_own_thread();
    engine::validate_recording(recording);
    const auto job = std::make_shared<engine::VoiceJob>();
    job->recording = &recording;
    job->options = &options;
    worker_.queue()->push(job);
    return job->completion.take();
  }

 private:
  template <class Asked>
  [[nodiscard]] std::shared_ptr<Job::Impl> make_job(Asked&& asked) {
    auto on_progress = asked.on_progress;
    auto on_tensor = asked.on_tensor;
    return std::make_shared<Job::Impl>(engine::make_task(std::forward<Asked>(asked), executor()),
                                       std::move(on_progress), std::move(on_tensor),
                                       worker_.queue());
  }

  Log log_;
  engine::Worker worker_;
  // Of a long text: as many as run, and as many again that wait, so that none does for another.
  size_t pieces_at_a_time_;
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

Result ChatterboxEngine::Impl::generate_long(const Request& request,
                                             const LongTextOptions& options) {
  worker_.refuse_own_thread();
  engine::validate_long_text(request, options);
  Request piece = request;
  piece.on_progress = nullptr;
  piece.on_tensor = nullptr;
  if (!piece.seed) piece.seed = engine::random_seed();
  piece.language = engine::lower_case(piece.language);
  engine::LongTextMeans means;
  engine::Task counted;
  counted.language = piece.language;
  counted.text_tags = piece.text_tags;
  means.count_tokens = [&](std::string_view text) {
    counted.text = text;
    return executor().text_tokens(counted);
  };
  means.submit = [this](const Request& one) {
    const auto job = make_job(one);
    if (worker_.queue()->push_all({job}) == 0) {
      fail(Status::kCancelled, "the engine is being destroyed");
    }
    return Job(job);
  };
  means.max_tokens = executor().piece_tokens();
  means.pieces_at_a_time = pieces_at_a_time_;
  return engine::speak_long_text(piece, options, means);
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

Voice ChatterboxEngine::named_voice(const std::string& name) const {
  return engine::wrap_voice(impl_->executor().named_voice(name));
}

Request ChatterboxEngine::default_request() const { return impl_->executor().default_request(); }

Voice ChatterboxEngine::make_voice(const Audio& recording, const VoiceOptions& options) const {
  return engine::wrap_voice(
      std::make_shared<const voice::Conditionals>(impl_->make_voice(recording, options)));
}

Result ChatterboxEngine::generate(const Request& request) const { return impl_->generate(request); }

Result ChatterboxEngine::generate(std::string text) const {
  Request request = default_request();
  request.text = std::move(text);
  return generate(request);
}

Result ChatterboxEngine::generate(std::string text, const Voice& voice) const {
  Request request = default_request();
  request.text = std::move(text);
  request.voice = voice;
  return generate(request);
}

std::vector<Outcome> ChatterboxEngine::generate_batch(const std::vector<Request>& requests) const {
  return impl_->generate_batch(requests);
}

const std::vector<Language>& languages() { return text::languages(); }

Job ChatterboxEngine::submit(Request request) const { return Job(impl_->submit(request)); }

Result ChatterboxEngine::generate_long(const Request& request,
                                       const LongTextOptions& options) const {
  return impl_->generate_long(request, options);
}

Result ChatterboxEngine::convert_voice(const Audio& source, const Voice& voice) const {
  Conversion conversion;
  conversion.source = source;
  conversion.voice = voice;
  return impl_->generate(std::move(conversion));
}

Result ChatterboxEngine::convert_voice(const Conversion& conversion) const {
  return impl_->generate(conversion);
}

Job ChatterboxEngine::submit(Conversion conversion) const {
  return Job(impl_->submit(std::move(conversion)));
}

}  // namespace chatterbox
