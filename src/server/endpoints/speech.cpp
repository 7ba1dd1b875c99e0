#include <algorithm>
#include <charconv>
#include <random>
#include <utility>

#include "app/long_speech.h"
#include "server/endpoints/endpoints.h"
#include "server/speech_output.h"

namespace chatterbox::server {
namespace {

Job submit(const ChatterboxEngine& engine, const SpeechRequest& asked) {
  try {
    if (app::fits_one_request(engine, asked.request)) return engine.submit(asked.request);
    return engine.submit_long(asked.request, asked.long_text);
  } catch (const Error& error) {
    throw refused(engine, error);
  }
}

// For what brings no seed: that of the header X-Seed, by which a proxy can ask another server for
// the same bytes without reading the body. Or a new one.
uint64_t seed_for(const Call& call) {
  const std::string_view given = call.request.header("x-seed");
  if (given.empty()) return draw_seed();
  uint64_t seed = 0;
  const char* const end = given.data() + given.size();
  const auto [stop, error] = std::from_chars(given.data(), end, seed);
  if (error != std::errc() || stop != end) {
    throw bad_value(
        "X-Seed", "X-Seed must be a whole number in [0, 2^64-1], got " + shown(std::string(given)));
  }
  return seed;
}

Conversion read_conversion(Context& context, Call& call, JsonFields& fields,
                           const ChatterboxEngine& engine) {
  Conversion conversion;
  const VoiceChoice voice = read_voice_choice(fields);
  conversion.voice =
      resolve_voice(context.voices, engine, context.models.facts(call.record.model), voice);
  read_options(fields, app::conversion_options(), conversion);
  read_options(fields, app::stream_options(), conversion.stream_options);
  check_priority(conversion.priority);
  if (!conversion.seed) conversion.seed = seed_for(call);
  conversion.deadline = deadline(context, conversion.deadline);
  conversion.client = call.client.number();
  call.record.seed = conversion.seed;
  call.record.voice = voice.id.empty() ? voice.name : voice.id;
  return conversion;
}

}  // namespace

void prepare_speech(Context& context, Call& call, const ChatterboxEngine& engine,
                    SpeechRequest& asked) {
  Request& request = asked.request;
  request.voice =
      resolve_voice(context.voices, engine, context.models.facts(call.record.model), asked.voice);
  // Known before the answer begins, so that its header can say it.
  if (!request.seed) request.seed = seed_for(call);
  request.client = call.client.number();
  request.deadline = deadline(context, request.deadline);
  request.stream = asked.streams ? StreamMode::kChunks : StreamMode::kNone;
  call.record.seed = request.seed;
  call.record.format = asked.format->name;
  call.record.voice = asked.voice.id.empty() ? asked.voice.name : asked.voice.id;
  call.record.characters = count_characters(request.text);
}

std::chrono::milliseconds deadline(const Context& context,
                                   std::optional<std::chrono::milliseconds> asked) {
  const auto most = context.options.max_deadline;
  return asked ? std::min(*asked, most) : most;
}

uint64_t draw_seed() {
  std::random_device device;
  // 53 bits: JSON of a browser has no more.
  return (uint64_t{device()} << 32 | device()) >> 11;
}

void answer_speech(Context& context, Call& call) {
  const nlohmann::json body = json_body(call);
  SpeechRequest asked = parse_speech(body, context.options.speech);
  const EngineHandle engine = acquire_model(context, call, asked.model);
  prepare_speech(context, call, *engine, asked);
  OutputOptions output{asked.format, asked.speed, asked.sse ? Framing::kEvents : Framing::kFile,
                       speech_headers(call, *engine, *asked.request.seed)};
  if (body.contains("instructions")) output.headers.emplace_back("X-Ignored", "instructions");
  const Job job = submit(*engine, asked);
  if (asked.streams) return send_speech(context, call, job, output);
  send_whole_speech(context, call, job, output);
}

void answer_conversion(Context& context, Call& call) {
  const Form form = read_form(call, {"file", "audio"});
  JsonFields fields(form.fields);
  const EngineHandle engine = acquire_model(context, call, fields.text("model").value_or(""));
  const ResponseFormat& format = read_format(fields);
  const double speed = fields.number("speed", 0.25, 4).value_or(1);
  const bool streams = fields.boolean("stream").value_or(true);
  Conversion conversion = read_conversion(context, call, fields, *engine);
  fields.refuse_unknown();
  if (form.file.empty()) {
    throw ApiError(400, "missing_parameter", "file must be there: it is the recording", "file");
  }
  call.record.format = format.name;
  conversion.source = decode_audio(form.file.data(), form.file.size());
  conversion.stream = streams ? StreamMode::kChunks : StreamMode::kNone;
  const OutputOptions output{&format, speed, Framing::kFile,
                             speech_headers(call, *engine, *conversion.seed)};
  const Job job = [&] {
    try {
      return engine->submit(conversion);
    } catch (const Error& error) {
      throw refused(*engine, error);
    }
  }();
  if (streams) return send_speech(context, call, job, output);
  send_whole_speech(context, call, job, output);
}

}  // namespace chatterbox::server
