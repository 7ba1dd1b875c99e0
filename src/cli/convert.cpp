#include "cli/convert.h"

#include <memory>
#include <utility>

#include "cli/dump.h"
#include "cli/files.h"
#include "cli/interrupt.h"
#include "cli/running_job.h"
#include "cli/statistics.h"
#include "cli/voice.h"

namespace chatterbox::cli {
namespace {

struct ConvertOptions {
  EngineOptions engine;
  Conversion conversion;
  std::string input;
  std::string voice;
  std::string output = "converted.wav";
  std::string json;
  std::string dump;
};

int convert(const ConvertOptions& options) {
  check_outputs(options.output, options.json, options.dump);
  Conversion conversion = options.conversion;
  conversion.source = read_wav(options.input);
  const ChatterboxEngine engine = load_engine(options.engine);
  throw_if_interrupted();
  TensorDump dump;
  if (!options.dump.empty()) {
    conversion.on_tensor = [&dump](const TensorView& view) { dump.add(view); };
  }
  if (!options.voice.empty()) {
    conversion.voice = open_voice(engine, options.voice, conversion.on_tensor);
  }
  throw_if_interrupted();
  const Result result = wait_with_progress(engine, std::move(conversion));
  write_audio(options.output, result.audio);
  if (!options.dump.empty()) {
    dump.write(options.dump, {{"seed", std::to_string(result.seed)}});
  }
  if (options.json.empty()) return 0;
  auto json = statistics(result);
  json["engine"] = statistics(engine.info());
  json["peak_rss_mib"] = peak_rss_mib();
  write_json(options.json, json);
  return 0;
}

}  // namespace

void add_convert(CLI::App& app, std::vector<Command>& commands) {
  auto options = std::make_shared<ConvertOptions>();
  CLI::App* convert_app =
      app.add_subcommand("convert", "let a recording's words be spoken by another voice");
  convert_app
      ->add_option("recording", options->input, "WAV file, 0.1 s to 10 minutes, 8 to 192 kHz")
      ->type_name("IN.wav")
      ->required();
  convert_app
      ->add_option("--voice", options->voice,
                   "a recording (WAV), a saved voice, a conds.pt, or a voice that the model has "
                   "(demo: low, high)")
      ->type_name("FILE")
      ->default_str("the model's own");
  convert_app
      ->add_option("-o,--output", options->output,
                   "WAV file, 24 kHz mono 16 bit; - is standard output")
      ->type_name("OUT.wav")
      ->capture_default_str();
  add_engine_options(*convert_app, options->engine);
  convert_app
      ->add_option_function<uint64_t>(
          "--seed", [options = options.get()](uint64_t value) { options->conversion.seed = value; },
          "of the random numbers")
      ->type_name("N")
      ->check(seed())
      ->default_str("picked, and reported by --json");
  convert_app
      ->add_option_function<int32_t>(
          "--cfm-steps",
          [options = options.get()](int32_t value) { options->conversion.cfm_steps = value; },
          "Euler steps of the flow; fewer are faster")
      ->type_name("N")
      ->check(in_range(1, 100))
      ->default_str("10; Turbo, Nano: 2");
  convert_app
      ->add_option("--json", options->json,
                   "write statistics there, times in seconds; - is standard output")
      ->type_name("FILE");
  convert_app
      ->add_option("--dump", options->dump,
                   "write the tensors of every stage there, as safetensors")
      ->type_name("FILE");
  commands.push_back({convert_app, [options] { return convert(*options); }});
}

}  // namespace chatterbox::cli
