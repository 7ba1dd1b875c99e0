// A program of ABI 1 in C++: the headers of its time, and the newest library. Returns 0 where the
// library does what it did then.
#include <chatterbox/chatterbox.hpp>
#include <iostream>

namespace {

int failures = 0;

void check(bool is_so, const char* what) {
  if (is_so) return;
  std::cerr << what << " is false\n";
  ++failures;
}
#define CHECK(condition) check(condition, #condition)

using Wave = std::vector<float>;
Wave wave_of(chatterbox::Samples samples) { return {samples.begin(), samples.end()}; }
Wave wave_of(const chatterbox::Result& result) { return wave_of(result.samples()); }

void speak(const chatterbox::ChatterboxEngine& engine, chatterbox::Request request) {
  const Wave wave = wave_of(engine.generate(request));
  CHECK(!wave.empty());
  const auto outcomes = engine.generate_batch({request, chatterbox::Request()});
  CHECK(outcomes[0].result && wave_of(*outcomes[0].result) == wave);
  CHECK(outcomes[1].error && outcomes[1].error->status() == chatterbox::Status::kInvalidArgument);
  int ends = 0;
  request.on_done = [&ends](chatterbox::Status) { ++ends; };
  request.stream = chatterbox::StreamMode::kPieces;
  Wave streamed;
  const auto job = engine.submit(request);
  for (const chatterbox::Chunk& chunk : job.chunks()) {
    streamed.insert(streamed.end(), chunk.samples.begin(), chunk.samples.end());
  }
  CHECK(streamed == wave);
  request.stream = chatterbox::StreamMode::kNone;
  CHECK(wave_of(engine.generate_long(request)) == wave);
  CHECK(engine.drain());
  CHECK(ends == 2);
}

void hear(const chatterbox::ChatterboxEngine& engine) {
  const auto info = engine.info();
  CHECK(info.model == "demo");
  CHECK(info.defaults.cfm_steps > 0);
  CHECK(engine.metrics().ended[0] > 0);
  CHECK(engine.limits().max_batch == 8);
  const auto voice = engine.default_voice();
  CHECK(chatterbox::Voice::load_from_memory(voice.save_to_memory()).id() == voice.id());
  const chatterbox::Audio audio(Wave(24000, 0.25F), 24000, 1);
  const auto bytes = chatterbox::encode_audio(audio, chatterbox::AudioFormat::kWav);
  const auto decoded = chatterbox::decode_audio(bytes.data(), bytes.size());
  CHECK(wave_of(decoded.samples()) == wave_of(audio.samples()));
}

}  // namespace

int main() try {
  chatterbox::EngineOptions options;
  options.device = "cpu";
  options.watermark = chatterbox::Watermark::kOff;
  const auto engine = chatterbox::ChatterboxEngine::load(options);
  chatterbox::Request request;
  request.text = "Hello.";
  request.seed = 5;
  request.max_new_tokens = 12;
  request.on_progress = [](const chatterbox::Progress&) {};
  speak(engine, request);
  hear(engine);
  return failures == 0 ? 0 : 1;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
