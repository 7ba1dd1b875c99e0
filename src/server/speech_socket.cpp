#include "server/speech_socket.h"

#include <atomic>
#include <deque>
#include <mutex>
#include <nlohmann/json.hpp>
#include <utility>

#include "server/endpoints/endpoints.h"
#include "server/fed_speech.h"
#include "server/speech_output.h"

namespace chatterbox::server {
namespace {

using nlohmann::json;

constexpr int kSampleRate = 24000;
constexpr size_t kMaxSpeeches = 8;  // that are spoken or wait on one socket
// Of RFC 6455, 7.4.1, and its registry.
constexpr int kGoingAway = 1001;
constexpr int kInternalError = 1011;
constexpr int kTryAgainLater = 1013;

std::string error_event(const ApiError& error) {
  json event = json::parse(to_json(error));
  event["type"] = "speech.audio.error";
  if (error.retry_after()) event["retry_after"] = *error.retry_after();
  return event.dump();
}

// One speech's part of a socket: what SpeechOutput and the service write to. Whether the client has
// gone is the socket's business.
class SpeechExchange final : public Exchange {
 public:
  SpeechExchange(std::shared_ptr<Socket> socket, std::shared_ptr<const FedSpeech> speech)
      : socket_(std::move(socket)), speech_(std::move(speech)) {}

  // A failure, in the shape of an answer: the speech is over, and the socket with it, so that text
  // that is on its way is not taken for that of another speech.
  void respond(const HttpResponse& response) override {
    json event = json::parse(response.body);
    event["type"] = "speech.audio.error";
    for (const auto& [name, value] : response.headers) {
      if (name == "Retry-After") event["retry_after"] = std::stoi(value);
    }
    (void)socket_->send_text(event.dump());
    const bool is_busy = response.status == 429 || response.status == 503;
    socket_->close(is_busy ? kTryAgainLater : kInternalError, "the speech failed");
  }
  void begin(const HttpResponse& head) override {
    json event = {{"type", "speech.audio.start"},
                  {"content_type", head.content_type},
                  {"sample_rate", kSampleRate}};
    constexpr std::pair<const char*, const char*> kNames[] = {{"X-Request-Id", "id"},
                                                              {"X-Seed", "seed"},
                                                              {"X-Model", "model"},
                                                              {"X-Precision", "precision"}};
    for (const auto& [header, name] : kNames) {
      for (const auto& [given, value] : head.headers) {
        if (given == header) event[name] = value;
      }
    }
    (void)socket_->send_text(event.dump());
  }
  bool write(std::string_view bytes) override {
    if (speech_->cancelled() || !taken(socket_->send_bytes(bytes))) return false;
    sent_ += bytes.size();
    return true;
  }
  bool write_event(std::string_view event) override {
    return !speech_->cancelled() && taken(socket_->send_text(event));
  }
  void end() override { ended_ = true; }
  void break_off() override {}
  // Whoever has all of a speech may go.
  [[nodiscard]] std::string gone() const override {
    return ended_ && all_taken_ ? std::string() : socket_->gone();
  }
  void on_gone(std::function<void()> /*call*/) override {}
  [[nodiscard]] size_t bytes_sent() const override { return sent_; }

 private:
  bool taken(bool was_taken) {
    if (!was_taken) all_taken_ = false;
    return was_taken;
  }

  const std::shared_ptr<Socket> socket_;
  const std::shared_ptr<const FedSpeech> speech_;
  std::atomic<size_t> sent_{0};
  std::atomic<bool> ended_{false}, all_taken_{true};
};

class SpeechSocket final : public SocketListener,
                           public std::enable_shared_from_this<SpeechSocket> {
 public:
  explicit SpeechSocket(SpeechSocketParts parts) : parts_(std::move(parts)) {}

  void on_message(std::string_view text) override {
    try {
      handle(parse_object(std::string(text)));
    } catch (const ApiError& error) {
      send(error_event(error));
    } catch (const Error& error) {
      send(error_event(to_api_error(error)));
    }
  }

  void on_drain() override {
    const std::lock_guard lock(mutex_);
    if (speeches_.empty()) close_for_drain();
  }

  void on_close(const std::string& /*why*/) override {
    const std::lock_guard lock(mutex_);
    for (const auto& speech : speeches_) speech->cancel(std::nullopt);
  }

 private:
  void send(const std::string& event) {
    if (const auto socket = parts_.socket.lock()) (void)socket->send_text(event);
  }

  void handle(const json& message) {
    JsonFields fields(message);
    const std::string type = fields.text("type").value_or("");
    if (type == "start") return start(message);
    if (type == "text") {
      const std::string text = fields.text("text").value_or("");
      fields.refuse_unknown();
      return fed_speech()->feed(text);
    }
    if (type == "cancel") return cancel(fields);
    fields.refuse_unknown();
    if (type == "flush") return fed_speech()->flush();
    if (type == "end") return fed_speech()->end();
    throw bad_value("type", "type must be start, text, flush, end or cancel, got " + shown(type));
  }

  void start(const json& message) {
    SpeechRequest asked = parse_fed_speech(message);
    {
      const std::lock_guard lock(mutex_);
      if (!speeches_.empty() && !speeches_.back()->ended()) {
        throw ApiError(409, "speech_open", "end or cancel the speech before you start another");
      }
    }
    begin(std::move(asked));
    settings_ = message;
  }

  // The speech that takes text: a new one like the last where that was ended.
  std::shared_ptr<FedSpeech> fed_speech() {
    {
      const std::lock_guard lock(mutex_);
      if (!speeches_.empty() && !speeches_.back()->ended()) return speeches_.back();
    }
    return begin(parse_fed_speech(settings_));
  }

  std::shared_ptr<FedSpeech> begin(SpeechRequest asked) {
    auto speech = std::make_shared<FedSpeech>(std::move(asked), parts_.context.options.speech);
    {
      const std::lock_guard lock(mutex_);
      if (parts_.context.draining) {
        throw ApiError(503, "draining", "the server is about to end").retry_after(5);
      }
      if (speeches_.size() == kMaxSpeeches) {
        throw ApiError(429, "too_many_requests",
                       "at most " + std::to_string(kMaxSpeeches) + " speeches may wait on a socket")
            .retry_after(1);
      }
      speeches_.push_back(speech);
      if (speeches_.size() > 1) return speech;
    }
    run(speech);
    return speech;
  }

  void run(const std::shared_ptr<FedSpeech>& speech) {
    auto socket = parts_.socket.lock();
    if (!socket) return;
    const std::shared_ptr<Call> call = parts_.new_call();
    call->exchange = std::make_shared<SpeechExchange>(std::move(socket), speech);
    parts_.start(
        call, [self = shared_from_this(), call, speech] { self->speak(*call, *speech); },
        [self = shared_from_this()] { self->next(); });
  }

  // A speech is over. Of one that was cancelled it tells what was heard: here, behind which no
  // cancel takes it for one that is still being spoken.
  void next() {
    std::shared_ptr<FedSpeech> over, speech;
    bool was_cancelled = false;
    {
      const std::lock_guard lock(mutex_);
      over = last_ = std::move(speeches_.front());
      speeches_.pop_front();
      was_cancelled = over->cancelled();
      if (!speeches_.empty()) speech = speeches_.front();
    }
    if (was_cancelled) tell_heard(*over);
    if (speech) return run(speech);
    if (parts_.context.draining) on_drain();
  }

  void close_for_drain() {
    const auto socket = parts_.socket.lock();
    if (socket) socket->close(kGoingAway, "the server is about to end");
  }

  // Ends all that is spoken and waits. Of a speech that was sent, and is being played, it tells
  // what was heard.
  void cancel(JsonFields& fields) {
    std::optional<uint64_t> played;
    if (const auto given = fields.number("played", 0, 1e15)) {
      played = static_cast<uint64_t>(*given);
    }
    fields.refuse_unknown();
    if (const auto socket = parts_.socket.lock()) (void)socket->drop_bytes();
    std::shared_ptr<FedSpeech> last;
    {
      const std::lock_guard lock(mutex_);
      for (const auto& speech : speeches_) speech->cancel(samples(*speech, played));
      if (speeches_.empty()) last = last_;
    }
    if (!last) return;
    last->cancel(samples(*last, played));
    tell_heard(*last);
  }

  // The client counts what it played; the job, what was there before the speed was changed.
  static std::optional<uint64_t> samples(FedSpeech& speech, std::optional<uint64_t> played) {
    if (!played) return std::nullopt;
    return static_cast<uint64_t>(static_cast<double>(*played) * speech.asked().speed);
  }

  void tell_heard(const FedSpeech& speech) {
    const FedSpeech::HeardText heard = speech.heard();
    const json event = {{"type", "speech.audio.cancelled"},
                        {"heard_seconds", static_cast<double>(heard.heard.samples) / kSampleRate},
                        {"text_end", heard.heard.text_end},
                        {"text", heard.text}};
    send(event.dump(-1, ' ', false, json::error_handler_t::replace));
  }

  void speak(Call& call, FedSpeech& speech) {
    Context& context = parts_.context;
    SpeechRequest& asked = speech.asked();
    const EngineHandle engine = acquire_model(context, call, asked.model);
    prepare_speech(context, call, *engine, asked);
    SpeechOutput output(context, call,
                        {asked.format, asked.speed, Framing::kSocket,
                         speech_headers(call, *engine, *asked.request.seed)});
    std::optional<Job> job;
    bool whole = false;
    try {
      job.emplace(speech.open(*engine));
      whole = output.send(*job);
      if (!whole) job->cancel();
    } catch (const Error& error) {
      if (job) job->cancel();
      call.record.characters = speech.characters();
      if (speech.blank()) {
        output.finish_empty();
        whole = true;
      } else if (!speech.cancelled()) {
        throw refused(*engine, error);
      }
    }
    call.record.characters = speech.characters();
    // One that is whole is still being played, at most.
    const bool gone = !call.exchange->gone().empty();
    if (speech.cancelled() && !whole && !gone) call.record.end = "cancelled";
  }

  const SpeechSocketParts parts_;
  json settings_ = json::object();  // of the last start; on the I/O thread alone
  std::mutex mutex_;
  std::deque<std::shared_ptr<FedSpeech>> speeches_;  // the first is being spoken
  std::shared_ptr<FedSpeech> last_;                  // that was spoken
};

}  // namespace

std::shared_ptr<SocketListener> make_speech_socket(SpeechSocketParts parts) {
  return std::make_shared<SpeechSocket>(std::move(parts));
}

}  // namespace chatterbox::server
