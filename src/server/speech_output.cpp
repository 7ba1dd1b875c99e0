#include "server/speech_output.h"

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "server/time_scale.h"

namespace chatterbox::server {
namespace {

using nlohmann::json;

constexpr double kSampleRate = 24000;

void note_result(Call& call, const Result& result) {
  const ResultStats stats = result.stats();
  call.record.text_tokens = stats.text_tokens;
  call.record.speech_tokens = stats.speech_tokens;
  call.record.queued_seconds = stats.queued_seconds;
  call.record.largest_underrun_seconds = result.stream_stats().largest_underrun_seconds;
}

json usage(const ResultStats& stats) {
  return {{"input_tokens", stats.text_tokens},
          {"output_tokens", stats.speech_tokens},
          {"total_tokens", stats.text_tokens + stats.speech_tokens}};
}

// A client that goes away cancels the job, also while it waits in the queue.
class CancelWhenGone {
 public:
  CancelWhenGone(Exchange& exchange, const Job& job) : exchange_(exchange) {
    exchange_.on_gone([job] { job.cancel(); });
  }
  CancelWhenGone(const CancelWhenGone&) = delete;
  CancelWhenGone& operator=(const CancelWhenGone&) = delete;
  ~CancelWhenGone() { exchange_.on_gone(nullptr); }

 private:
  Exchange& exchange_;
};

}  // namespace

std::string base64(std::string_view bytes) {
  static constexpr char kDigits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t count = std::min<size_t>(3, bytes.size() - i);
    uint32_t group = 0;
    for (size_t k = 0; k < 3; ++k) {
      group = group << 8 | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    }
    for (size_t k = 0; k < 4; ++k) {
      text += k <= count ? kDigits[group >> (18 - 6 * k) & 63] : '=';
    }
  }
  return text;
}

HeaderList speech_headers(const Call& call, const ChatterboxEngine& engine, uint64_t seed) {
  return {{"X-Seed", std::to_string(seed)},
          {"X-Model", call.record.model},
          {"X-Precision", precision_in_use(engine.info())}};
}

SpeechOutput::SpeechOutput(const Context& context, Call& call, OutputOptions options)
    : context_(context),
      call_(call),
      options_(std::move(options)),
      encoder_(*options_.format, options_.speed) {}

bool SpeechOutput::send(const Job& job) {
  Chunk chunk;
  while (job.next(kForever, chunk) == Status::kOk) {
    if (!write(chunk)) return false;
  }
  const Result result = job.wait();
  note_result(call_, result);
  return finish(result.stats());
}

bool SpeechOutput::write(const Chunk& chunk) {
  call_.record.audio_seconds +=
      static_cast<double>(chunk.samples.size()) / kSampleRate / options_.speed;
  if (!chunk.words.empty() && !write_words(chunk.words)) return false;
  return write(encoder_.encode(chunk.samples));
}

bool SpeechOutput::write(const std::string& bytes) {
  if (bytes.empty()) return call_.exchange->gone().empty();
  begin();
  if (options_.framing != Framing::kEvents) return call_.exchange->write(bytes);
  return call_.exchange->write_event(
      json{{"type", "speech.audio.delta"}, {"audio", base64(bytes)}}.dump());
}

void SpeechOutput::begin() {
  if (std::exchange(begun_, true)) return;
  HttpResponse head;
  head.content_type = options_.framing == Framing::kEvents
                          ? "text/event-stream"
                          : std::string(options_.format->content_type);
  head.headers = options_.headers;
  head.headers.emplace_back("Cache-Control", "no-store");
  head.headers.emplace_back("X-Accel-Buffering", "no");  // nginx: pass it on as it comes
  server::begin(context_, call_, std::move(head));
  call_.record.first_audio_seconds = call_.seconds();
}

// Before the samples that they are in.
bool SpeechOutput::write_words(const std::vector<Word>& words) {
  begin();
  json list = json::array();
  for (const Word& word : words) {
    list.push_back({{"text_begin", word.text_begin},
                    {"text_end", word.text_end},
                    {"begin_seconds", word.begin_seconds / options_.speed},
                    {"end_seconds", word.end_seconds / options_.speed}});
  }
  return call_.exchange->write_event(
      json{{"type", "speech.audio.words"}, {"words", std::move(list)}}.dump());
}

bool SpeechOutput::finish(const ResultStats& stats) {
  if (!write(encoder_.finish())) return false;
  if (options_.framing != Framing::kFile) {
    const json event = {{"type", "speech.audio.done"}, {"usage", usage(stats)}};
    if (!call_.exchange->write_event(event.dump())) return false;
  }
  call_.exchange->end();
  return true;
}

void SpeechOutput::finish_empty() {
  begin();
  (void)finish({});
}

void SpeechOutput::break_off(const ApiError& error) {
  call_.record.error = error.what();
  if (options_.framing == Framing::kFile) return call_.exchange->break_off();
  json event = json::parse(to_json(error));
  event["type"] = "speech.audio.error";
  (void)call_.exchange->write_event(event.dump());
  call_.exchange->end();
}

void send_speech(const Context& context, Call& call, const Job& job, const OutputOptions& options) {
  SpeechOutput output(context, call, options);
  const CancelWhenGone guard(*call.exchange, job);
  try {
    if (!output.send(job)) job.cancel();
  } catch (const Error& error) {
    job.cancel();
    if (error.status() == Status::kDeadlineExceeded) call.record.end = "deadline";
    if (!output.begun()) throw to_api_error(error);
    output.break_off(to_api_error(error));
    if (call.record.end.empty() && call.exchange->gone().empty()) call.record.end = "failed";
  }
}

void send_whole_speech(const Context& context, Call& call, const Job& job,
                       const OutputOptions& options) {
  const CancelWhenGone guard(*call.exchange, job);
  const Result result = job.wait();
  note_result(call, result);
  Audio audio = result.audio();
  if (options.speed != 1) {
    TimeScale scale(options.speed);
    std::vector<float> samples = scale.scale(audio.samples());
    const std::vector<float>& rest = scale.finish();
    samples.insert(samples.end(), rest.begin(), rest.end());
    audio = Audio(std::move(samples));
  }
  HttpResponse response;
  response.content_type = options.format->content_type;
  response.headers = options.headers;
  if (options.format->file == AudioFormat::kAuto) {
    SpeechEncoder encoder(*options.format, 1);
    response.body = encoder.encode(audio.samples());
    response.body += encoder.finish();
  } else {
    response.body = std::string(encode_audio(audio, options.format->file));
  }
  call.record.audio_seconds = static_cast<double>(audio.frames()) / kSampleRate;
  call.record.first_audio_seconds = call.seconds();
  respond(context, call, std::move(response));
}

}  // namespace chatterbox::server
