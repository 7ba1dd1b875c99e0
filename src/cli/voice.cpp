#include "cli/voice.h"

#include <chrono>
#include <iostream>
#include <memory>

#include "cli/files.h"
#include "cli/interrupt.h"
#include "cli/load.h"
#include "cli/statistics.h"
#include "cli/voice_file.h"

namespace chatterbox::cli {
namespace {

struct MakeOptions {
  EngineOptions engine;
  VoiceOptions voice;
  std::string input;
  std::string output = "speaker.voice";
  std::string json;
};

struct InfoOptions {
  std::string file;
  std::string json;
};

void print(std::ostream& out, const Voice& voice) {
  const Voice::Info info = voice.info();
  out << "id:           " << voice.id()
      << "\n"
      // 25 tokens and 50 mel frames a second.
      << "T3 prompt:    " << info.prompt_tokens << " speech tokens\n"
      << "S3Gen prompt: " << info.s3gen_tokens << " speech tokens, " << info.mel_frames
      << " mel frames\n";
}

int run_make(const MakeOptions& options) {
  check_writable(options.output);
  check_writable(options.json);
  check_distinct({options.output, options.json});
  const Audio recording = ending_at_once([&] { return read_audio(options.input); });
  const ChatterboxEngine engine = load_engine(options.engine);
  const auto start = std::chrono::steady_clock::now();
  const Voice voice = make_voice(engine, recording, options.voice);
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  voice.save(options.output);
  if (options.json.empty()) return 0;
  auto json = statistics(voice);
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
    print(std::cout, voice);
  } else {
    write_json(options.json, statistics(voice));
  }
  return 0;
}

}  // namespace

void add_voice(CLI::App& app, std::vector<Command>& commands) {
  CLI::App* voice = app.add_subcommand("voice", "make a voice from a recording, or describe one");
  voice->require_subcommand(1);

  auto make = std::make_shared<MakeOptions>();
  CLI::App* make_app = voice->add_subcommand("make", "make a voice from a recording");
  make_app
      ->add_option("recording", make->input,
                   "audio file: WAV, FLAC, Ogg Vorbis, Opus or MP3, 0.5 s (Turbo, Nano: 5 s) to 10 "
                   "minutes, 8 to 192 kHz; 10 s of a single speaker work best")
      ->type_name("FILE")
      ->required();
  make_app->add_option("-o,--output", make->output, "file for the voice")
      ->type_name("OUT.voice")
      ->capture_default_str();
  add_prompt_option(*make_app, make->voice);
  add_engine_options(*make_app, make->engine);
  make_app
      ->add_option("--json", make->json,
                   "write statistics to this file as JSON; - is standard output")
      ->type_name("FILE");
  commands.push_back({make_app, [make] { return run_make(*make); }});

  auto info = std::make_shared<InfoOptions>();
  CLI::App* info_app = voice->add_subcommand("info", "describe a voice file");
  info_app->add_option("file", info->file, "a saved voice, or a conds.pt")
      ->type_name("FILE")
      ->required();
  info_app
      ->add_option("--json", info->json,
                   "write the description to this file as JSON; - is standard output")
      ->type_name("FILE");
  commands.push_back({info_app, [info] { return show_voice(*info); }});
}

}  // namespace chatterbox::cli
