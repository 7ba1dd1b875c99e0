#include "cli/voice.h"

#include <chrono>
#include <filesystem>
#include <iostream>

#include "cli/files.h"
#include "cli/interrupt.h"
#include "cli/statistics.h"

namespace chatterbox::cli {
namespace {

struct MakeOptions {
  EngineOptions engine;
  std::string input;
  std::string output = "speaker.voice";
  std::string json;
};

struct InfoOptions {
  std::string file;
  std::string json;
};

void print(std::ostream& out, const Voice::Info& info) {
  // 25 tokens and 50 mel frames a second.
  out << "T3 prompt:    " << info.prompt_tokens << " speech tokens\n"
      << "S3Gen prompt: " << info.s3gen_tokens << " speech tokens, " << info.mel_frames
      << " mel frames\n";
}

int make_voice(const MakeOptions& options) {
  check_writable(options.output);
  check_writable(options.json);
  const Audio recording = read_wav(options.input);
  const ChatterboxEngine engine = load_engine(options.engine);
  throw_if_interrupted();
  const auto start = std::chrono::steady_clock::now();
  const Voice voice = engine.make_voice(recording);
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  throw_if_interrupted();
  voice.save(options.output);
  if (options.json.empty()) return 0;
  auto json = statistics(voice.info());
  json["voice_seconds"] = elapsed.count();
  json["engine"] = statistics(engine.info());
  json["peak_rss_mib"] = peak_rss_mib();
  write_json(options.json, json);
  return 0;
}

int show_voice(const InfoOptions& options) {
  check_writable(options.json);
  const Voice voice = Voice::load(options.file);
  if (options.json.empty()) {
    print(std::cout, voice.info());
  } else {
    write_json(options.json, statistics(voice.info()));
  }
  return 0;
}

// A word, and no file.
bool is_name(const std::string& voice) {
  std::error_code error;
  return voice.find_first_of("./") == std::string::npos && !std::filesystem::exists(voice, error);
}

}  // namespace

void add_voice(CLI::App& app, std::vector<Command>& commands) {
  CLI::App* voice = app.add_subcommand("voice", "make a voice from a recording, or look at one");
  voice->require_subcommand(1);

  auto make = std::make_shared<MakeOptions>();
  CLI::App* make_app = voice->add_subcommand("make", "make a voice from a recording");
  make_app
      ->add_option("recording", make->input,
                   "WAV file, 0.5 s to 10 minutes, 8 to 192 kHz; 10 s of one speaker are best")
      ->type_name("IN.wav")
      ->required();
  make_app->add_option("-o,--output", make->output, "the voice's file")
      ->type_name("OUT.voice")
      ->capture_default_str();
  add_engine_options(*make_app, make->engine);
  make_app->add_option("--json", make->json, "write statistics there; - is standard output")
      ->type_name("FILE");
  commands.push_back({make_app, [make] { return make_voice(*make); }});

  auto info = std::make_shared<InfoOptions>();
  CLI::App* info_app = voice->add_subcommand("info", "what a voice's file holds");
  info_app->add_option("file", info->file, "a saved voice, or a conds.pt")
      ->type_name("FILE")
      ->required();
  info_app->add_option("--json", info->json, "write it there as JSON; - is standard output")
      ->type_name("FILE");
  commands.push_back({info_app, [info] { return show_voice(*info); }});
}

Voice open_voice(const ChatterboxEngine& engine, const std::string& voice,
                 const std::function<void(const TensorView&)>& on_tensor) {
  if (is_name(voice)) return engine.named_voice(voice);
  if (!is_wav(voice)) return Voice::load(voice);
  const Audio recording = read_wav(voice);
  VoiceOptions options;
  options.on_tensor = on_tensor;
  return engine.make_voice(recording, options);
}

}  // namespace chatterbox::cli
