// A loaded model. Include <chatterbox/chatterbox.hpp>, not this file.
#ifndef CHATTERBOX_CPP_ENGINE_HPP
#define CHATTERBOX_CPP_ENGINE_HPP

#include <chatterbox/cpp/audio.hpp>
#include <chatterbox/cpp/batch.hpp>
#include <chatterbox/cpp/callbacks.hpp>
#include <chatterbox/cpp/core.hpp>
#include <chatterbox/cpp/job.hpp>
#include <chatterbox/cpp/options.hpp>
#include <chatterbox/cpp/request.hpp>
#include <chatterbox/cpp/result.hpp>
#include <chatterbox/cpp/to_c.hpp>
#include <chatterbox/cpp/voice.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace chatterbox {
inline namespace abi1 {

// A loaded model and the threads that run it. The tokens, samples and errors of a request do not
// depend on other requests. Move-only. Destroying an engine cancels all requests and waits until
// they have stopped; callers that block get kCancelled. In a callback of this engine it cannot
// wait; the model is then freed when the callback has returned. Voices, jobs and results outlive
// the engine. Functions that block throw kInvalidArgument in a callback.
class ChatterboxEngine {
 public:
  [[nodiscard]] static ChatterboxEngine load(const EngineOptions& options = {}) {
    return ChatterboxEngine(options);
  }
  ChatterboxEngine(ChatterboxEngine&&) noexcept = default;
  ChatterboxEngine& operator=(ChatterboxEngine&& other) noexcept {
    handle_ = std::move(other.handle_);  // destroys the old engine while it can still log
    log_ = std::move(other.log_);
    return *this;
  }
  ~ChatterboxEngine() = default;

  [[nodiscard]] EngineInfo info() const;
  [[nodiscard]] Limits limits() const {
    return detail::get<Limits>([&](Limits* limits, size_t size) {
      return chatterbox_engine_get_limits(handle(), limits, size);
    });
  }
  [[nodiscard]] Metrics metrics() const {
    return detail::get<Metrics>([&](Metrics* metrics, size_t size) {
      return chatterbox_engine_get_metrics(handle(), metrics, size);
    });
  }
  // Includes start and stop, as EngineInfo::max_text_tokens does.
  [[nodiscard]] int64_t count_tokens(const std::string& text, const std::string& language = {},
                                     bool text_tags = false) const {
    int64_t tokens = 0;
    detail::check(chatterbox_engine_count_tokens(handle(), detail::c_string("text", text),
                                                 detail::c_string("language", language),
                                                 text_tags ? 1 : 0, &tokens));
    return tokens;
  }

  [[nodiscard]] Voice default_voice() const {  // kNotFound if the model has none
    chatterbox_voice* voice = nullptr;
    detail::check(chatterbox_engine_get_default_voice(handle(), &voice));
    return Voice(voice);
  }
  // One of EngineInfo::voices; demo has "low" and "high".
  [[nodiscard]] Voice named_voice(const std::string& name) const {
    chatterbox_voice* voice = nullptr;
    detail::check(chatterbox_engine_get_voice(handle(), detail::c_string("name", name), &voice));
    return Voice(voice);
  }
  // The recording must have 0.5 s (Turbo and Nano: 5 s) to 10 minutes of finite samples, 8 to 192
  // kHz, 1 to 8 channels. Blocks.
  [[nodiscard]] Voice make_voice(const Audio& recording, const VoiceOptions& options = {}) const;

  // Queue a request and return; block for at most Request::wait_for_room.
  [[nodiscard]] Job submit(const Request& request) const {
    return submit_job(request, chatterbox_engine_submit);
  }
  [[nodiscard]] Job submit(const Conversion& conversion) const {
    return submit_job(conversion, chatterbox_engine_submit_conversion);
  }
  // Queues a text of up to 16 MB as one job; it is split at sentences, and "[pause:500ms]" and
  // "[pause:1.5s]" stand for silence: see chatterbox_engine_submit_long().
  [[nodiscard]] Job submit_long(const Request& request, const LongTextOptions& options = {}) const {
    const auto joined = long_text_options(options);
    return submit_job(
        request,
        [&](chatterbox_engine* engine, const chatterbox_request* asked, chatterbox_job** job) {
          return chatterbox_engine_submit_long(engine, asked, &joined, job);
        },
        &options.on_piece);
  }

  // Opens a job for a text that comes by and by, with Job::feed(). The request's text, which may be
  // empty, is its beginning: see chatterbox_engine_open_text().
  [[nodiscard]] Job open(const Request& request, const LongTextOptions& options = {}) const {
    const auto joined = long_text_options(options);
    return submit_job(
        request,
        [&](chatterbox_engine* engine, const chatterbox_request* asked, chatterbox_job** job) {
          return chatterbox_engine_open_text(engine, asked, &joined, job);
        },
        &options.on_piece);
  }

  // Block until the result is ready and the callbacks have returned; wait for room in the queue as
  // long as it takes.
  [[nodiscard]] Result generate(const Request& request) const {
    return speak(request, chatterbox_engine_generate);
  }
  [[nodiscard]] Result generate(std::string text) const {
    Request request;
    request.text = std::move(text);
    return generate(request);
  }
  [[nodiscard]] Result generate(std::string text, const Voice& voice) const {
    Request request;
    request.text = std::move(text);
    request.voice = voice;
    return generate(request);
  }
  [[nodiscard]] Result generate_long(const Request& request,
                                     const LongTextOptions& options = {}) const {
    const auto joined = long_text_options(options);
    return speak(
        request,
        [&](chatterbox_engine* engine, const chatterbox_request* asked,
            chatterbox_result** result) {
          return chatterbox_engine_generate_long(engine, asked, &joined, result);
        },
        &options.on_piece);
  }
  [[nodiscard]] Result convert_voice(const Conversion& conversion) const {
    return speak(conversion, chatterbox_engine_convert_voice);
  }
  [[nodiscard]] Result convert_voice(Audio source, const Voice& voice) const {
    Conversion conversion;
    conversion.source = std::move(source);
    conversion.voice = voice;
    return convert_voice(conversion);
  }
  // Returns one outcome per request, in the same order, and calls on_done for each; a request that
  // is refused or fails does not affect the others. There may be more requests than max_queue: they
  // wait outside the queue and leave room for those of others.
  [[nodiscard]] std::vector<Outcome> generate_batch(const std::vector<Request>& requests) const;

  // Asks every job to stop; new requests are accepted.
  void cancel_all() const noexcept { chatterbox_engine_cancel_all(handle()); }
  // Accepts no new requests and waits for the present ones. False: some are not done in time.
  [[nodiscard]] bool drain(std::chrono::milliseconds timeout = kForever) const {
    const chatterbox_status status = chatterbox_engine_drain(handle(), timeout.count());
    detail::check(status);
    return status != CHATTERBOX_STATUS_TIMEOUT;
  }

  [[nodiscard]] chatterbox_engine* handle() const noexcept { return handle_.get(); }

 private:
  explicit ChatterboxEngine(const EngineOptions& options);

  [[nodiscard]] static chatterbox_long_text_options long_text_options(
      const LongTextOptions& options) {
    auto joined = detail::get<chatterbox_long_text_options>(chatterbox_long_text_options_init);
    joined.pause_seconds = options.pause;
    if (options.on_piece) joined.on_piece = &detail::Callbacks::piece;
    return joined;
  }

  // `ask`: the C function that submits.
  template <class Asked, class Ask>
  [[nodiscard]] Job submit_job(const Asked& request, Ask&& ask,
                               const detail::OnPiece* on_piece = nullptr) const {
    chatterbox_stream_options stream{};
    auto asked = detail::to_c(request, stream);
    const auto callbacks = detail::JobCallbacks::make(detail::Functions::of(request, on_piece));
    chatterbox_job* job = nullptr;
    detail::JobCallbacks::submit(callbacks, asked,
                                 [&](const auto& from) { return ask(handle(), &from, &job); });
    return Job(job, callbacks);
  }

  // `ask`: the C function that blocks for the result.
  template <class Asked, class Ask>
  [[nodiscard]] Result speak(const Asked& request, Ask&& ask,
                             const detail::OnPiece* on_piece = nullptr) const {
    chatterbox_stream_options stream{};
    auto asked = detail::to_c(request, stream);
    detail::Callbacks callbacks(detail::Functions::of(request, on_piece));
    callbacks.install(asked);
    chatterbox_result* result = nullptr;
    detail::check(ask(handle(), &asked, &result), callbacks.thrown());
    return Result(result);
  }

  static void log(int32_t level, uint64_t tag, const char* message, void* callback) noexcept {
    try {
      (*static_cast<const LogCallback*>(callback))(static_cast<LogLevel>(level), tag, message);
    } catch (...) {
      return;  // a failing log must not make the logged work fail
    }
  }

  std::unique_ptr<LogCallback> log_;  // outlives the engine, and does not move when this object
                                      // does
  detail::Owned<chatterbox_engine, chatterbox_engine_destroy> handle_;
};

inline ChatterboxEngine::ChatterboxEngine(const EngineOptions& options) {
  const auto files = detail::to_c(options.files);
  auto to = detail::to_c(options, files);
  if (options.log) {
    log_ = std::make_unique<LogCallback>(options.log);
    to.log = &ChatterboxEngine::log;
    to.log_user_data = log_.get();
  }
  handle_ = detail::make<chatterbox_engine, chatterbox_engine_destroy>(
      [&](chatterbox_engine** engine) { return chatterbox_engine_create(&to, engine); });
}

inline EngineInfo ChatterboxEngine::info() const {
  const auto from =
      detail::get<chatterbox_engine_info>([&](chatterbox_engine_info* info, size_t size) {
        return chatterbox_engine_get_info(handle(), info, size);
      });
  EngineInfo info;
  info.family = from.family;
  info.model = from.model;
  info.device = from.device;
  info.precision = from.precision;
  info.t3_precision = from.t3_precision;
  info.s3gen_precision = from.s3gen_precision;
  info.kv_cache = from.kv_cache;
  info.t3_kernels = from.t3_kernels;
  info.s3gen_kernels = from.s3gen_kernels;
  info.sample_rate = from.sample_rate;
  info.threads = from.threads;
  info.has_default_voice = from.has_default_voice == 1;
  info.watermark = from.watermark == 1;
  info.meanflow = from.meanflow == 1;
  info.quantised = from.quantised == 1;
  info.parameters = from.parameters;
  info.weight_bytes = from.weight_bytes;
  info.max_text_tokens = from.max_text_tokens;
  info.kv_bytes_per_position = from.kv_bytes_per_position;
  info.load_seconds = from.load_seconds;
  using Strings = List<std::string_view>;
  info.languages = Strings::of<chatterbox_engine_language>(handle(), from.language_count);
  info.voices = Strings::of<chatterbox_engine_voice_name>(handle(), from.voice_count);
  info.defaults = {from.temperature,    from.cfg_weight,
                   from.exaggeration,   from.min_p,
                   from.top_p,          from.repetition_penalty,
                   from.max_new_tokens, from.cfm_steps,
                   from.top_k,          from.analyze_alignment == 1};
  return info;
}

inline Voice ChatterboxEngine::make_voice(const Audio& recording,
                                          const VoiceOptions& options) const {
  auto to = detail::get<chatterbox_voice_options>(chatterbox_voice_options_init);
  to.normalise_loudness = options.normalise_loudness ? 1 : 0;
  to.prompt_seconds = options.prompt_seconds;
  detail::Functions functions;
  functions.on_tensor = detail::Functions::known(options.on_tensor);
  detail::Callbacks callbacks(functions);
  callbacks.install_tensor(to);
  chatterbox_voice* voice = nullptr;
  detail::check(
      chatterbox_engine_make_voice(handle(), recording.samples().data(), recording.frames(),
                                   recording.channels(), recording.sample_rate(), &to, &voice),
      callbacks.thrown());
  return Voice(voice);
}

inline std::vector<Outcome> ChatterboxEngine::generate_batch(
    const std::vector<Request>& requests) const {
  detail::BatchRequests asked(requests);
  const auto batch =
      detail::make<chatterbox_batch, chatterbox_batch_destroy>([&](chatterbox_batch** made) {
        return chatterbox_engine_generate_batch(handle(), asked.pointers(), requests.size(), made);
      });
  return asked.outcomes(batch.get());
}

// Writes the new folder `output`: a copy of the checkpoint folder `model` with T3 in int8, a third
// of its size, which gives the same bits as `model` does in int8 and is mapped when it is loaded.
// Blocks for a few seconds. See chatterbox_quantise_model().
inline void quantise_model(const std::string& model, const std::string& output,
                           std::optional<Family> family = std::nullopt) {
  detail::check(chatterbox_quantise_model(detail::c_string("model", model),
                                          detail::to_c("family", family),
                                          detail::c_string("output", output)));
}

}  // namespace abi1
}  // namespace chatterbox

#endif  // CHATTERBOX_CPP_ENGINE_HPP
