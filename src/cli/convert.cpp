#include "cli/convert.h"

#include <memory>
#include <utility>

#include "cli/dump.h"
#include "cli/files.h"
#include "cli/interrupt.h"
#include "cli/load.h"
#include "cli/output.h"
#include "cli/running_job.h"
#include "cli/statistics.h"
#include "cli/streamed_speech.h"
#include "cli/voice_file.h"

namespace chatterbox::cli {
namespace {

struct ConvertOptions {
  EngineOptions engine;
  Conversion conversion;
  std::string input;
  std::string voice;
  VoiceOptions voice_options;
  AudioOutput output = {"converted.wav"};
  std::string json;
  std::string dump;
};

Result speak(const ChatterboxEngine& engine, Conversion conversion, const AudioOutput& output) {
  if (conversion.stream != StreamMode::kNone) {
    return speak_streamed(engine, conversion, output, nullptr);
  }
  Result result = wait_with_progress(engine, std::move(conversion));
  write_speech(output, result);
  return result;
}

int convert(const ConvertOptions& options) {
  check_outputs(options.output, options.json, options.dump);
  for (const std::string& input : {options.input, options.voice}) {
    warn_if_same(options.output.path, input);
  }
  Conversion conversion = options.conversion;
  conversion.source = ending_at_once([&] { return read_audio(options.input); });
  const ChatterboxEngine engine = load_engine(options.engine);
  TensorDump dump;
  if (!options.dump.empty()) {
    conversion.on_tensor = [&dump](const TensorView& view) { dump.add(view); };
  }
  if (!options.voice.empty()) {
    VoiceOptions voice_options = options.voice_options;
    voice_options.on_tensor = conversion.on_tensor;
    conversion.voice = open_voice(engine, options.voice, voice_options);
  }
  const Result result = speak(engine, std::move(conversion), options.output);
  if (!options.dump.empty()) {
    dump.write(options.dump, {{"seed", std::to_string(result.stats().seed)}});
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
      app.add_subcommand("convert", "speak a recording's words in another voice");
  convert_app
      ->add_option(
          "recording", options->input,
          "audio file: WAV, FLAC, Ogg Vorbis, Opus or MP3, 0.1 s to 10 minutes, 8 to 192 kHz")
      ->type_name("FILE")
      ->required();
  add_output_options(*convert_app, options->output);
  add_voice_option(*convert_app, options->voice);
  add_prompt_option(*convert_app, options->voice_options);
  add_engine_options(*convert_app, options->engine);
  add_seed_option(*convert_app, options->conversion.seed);
  add_steps_options(*convert_app, options->conversion.cfm_steps, options->conversion.cfg_steps);
  add_noise_option(*convert_app, options->conversion.noise);
  add_stream_options(*convert_app, options->conversion.stream, options->conversion.stream_options);
  convert_app
      ->add_option("--json", options->json,
                   "write statistics to this file as JSON, times in seconds; - is standard output")
      ->type_name("FILE");
  convert_app
      ->add_option("--dump", options->dump,
                   "write the tensors of every stage to this file (safetensors); those of a chunk "
                   "have its number, from 0, behind their names")
      ->type_name("FILE");
  commands.push_back({convert_app, [options] { return convert(*options); }});
}

}  // namespace chatterbox::cli
