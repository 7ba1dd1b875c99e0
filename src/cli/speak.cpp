#include "cli/speak.h"

#include <chrono>
#include <memory>
#include <utility>

#include "cli/dump.h"
#include "cli/files.h"
#include "cli/interrupt.h"
#include "cli/progress.h"
#include "cli/statistics.h"
#include "cli/voice.h"

namespace chatterbox::cli {
namespace {

constexpr std::chrono::milliseconds kPollInterval{50};

struct SpeakOptions {
  EngineOptions engine;
  Request request;  // its text is TEXT as given, "-" included
  std::string voice;
  std::string output = "speech.wav";
  std::string json;
  std::string dump;
};

void check_outputs(const SpeakOptions& options) {
  if (options.output == "-" && options.json == "-") {
    throw Error(Status::kInvalidArgument, "--output - and --json - both want standard output");
  }
  if (options.dump == "-") {
    throw Error(Status::kInvalidArgument, "--dump needs a file, got -");
  }
  check_writable(options.output);
  check_writable(options.json);
  check_writable(options.dump);
}

// Waits while drawing the progress; an interrupt cancels the job and waits for its end.
const Result& wait_for(const Job& job, ProgressLine& line) {
  while (!job.wait_for(kPollInterval)) {
    line.draw();
    if (!interrupted()) continue;
    job.cancel();
    break;
  }
  try {
    return job.wait();
  } catch (const Error& error) {
    if (error.status() == Status::kCancelled && interrupted()) throw Interrupted();
    throw;
  }
}

Result generate(const ChatterboxEngine& engine, Request request) {
  ProgressLine line;
  if (line.enabled()) {
    request.on_progress = [&line](const Progress& progress) { line.update(progress); };
  }
  const Job job = engine.submit(std::move(request));
  return wait_for(job, line);
}

int speak(const SpeakOptions& options) {
  check_outputs(options);
  Request request = options.request;
  if (request.text == "-") request.text = read_stdin();
  TensorDump dump;
  if (!options.dump.empty()) {
    request.on_tensor = [&dump](const TensorView& view) { dump.add(view); };
  }

  const ChatterboxEngine engine = load_engine(options.engine);
  throw_if_interrupted();
  const auto start = std::chrono::steady_clock::now();
  if (!options.voice.empty()) request.voice = open_voice(engine, options.voice, request.on_tensor);
  const std::chrono::duration<double> voice_time = std::chrono::steady_clock::now() - start;
  throw_if_interrupted();
  const Result result = generate(engine, std::move(request));

  write_audio(options.output, result.audio);
  if (!options.dump.empty()) {
    dump.write(options.dump, {{"seed", std::to_string(result.seed)}});
  }
  if (!options.json.empty()) {
    auto json = statistics(result);
    json["engine"] = statistics(engine.info());
    json["voice_seconds"] = voice_time.count();
    json["peak_rss_mib"] = peak_rss_mib();
    write_json(options.json, json);
  }
  return 0;
}

}  // namespace

void add_speak(CLI::App& app, std::vector<Command>& commands) {
  auto options = std::make_shared<SpeakOptions>();
  CLI::App* app_speak = app.add_subcommand("speak", "speak a text into a WAV file");
  app_speak->add_option("text", options->request.text, "what to say, UTF-8; - reads standard input")
      ->type_name("TEXT")
      ->required();
  app_speak
      ->add_option("-o,--output", options->output,
                   "WAV file, 24 kHz mono 16 bit; - is standard output")
      ->type_name("OUT.wav")
      ->capture_default_str();
  app_speak
      ->add_option("--voice", options->voice, "a recording (WAV), a saved voice, or a conds.pt")
      ->type_name("FILE")
      ->default_str("the model's own");
  add_engine_options(*app_speak, options->engine);
  add_sampling_options(*app_speak, options->request);
  app_speak
      ->add_option("--json", options->json,
                   "write statistics there, times in seconds; - is standard output")
      ->type_name("FILE");
  app_speak
      ->add_option("--dump", options->dump,
                   "write the tensors of every stage there, as safetensors")
      ->type_name("FILE");
  commands.push_back({app_speak, [options] { return speak(*options); }});
}

}  // namespace chatterbox::cli
