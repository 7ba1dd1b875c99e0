#include "cli/speak.h"

#include <chrono>
#include <iostream>
#include <memory>
#include <optional>
#include <utility>

#include "app/long_speech.h"
#include "cli/dump.h"
#include "cli/files.h"
#include "cli/interrupt.h"
#include "cli/load.h"
#include "cli/output.h"
#include "cli/player.h"
#include "cli/running_job.h"
#include "cli/statistics.h"
#include "cli/streamed_speech.h"
#include "cli/voice_file.h"
#include "cli/words_file.h"

namespace chatterbox::cli {
namespace {

struct SpeakOptions {
  EngineOptions engine;
  std::string text;  // as given, "-" included
  std::string file;
  Request request;
  std::string voice;
  VoiceOptions voice_options;
  std::string save_voice;
  AudioOutput output = {"speech.wav"};
  std::string words;
  std::string json;
  std::string dump;
  bool play = false;
  bool list_languages = false;
};

std::string read_what_to_say(const SpeakOptions& options) {
  if (options.text.empty() == options.file.empty()) {
    throw Error(Status::kInvalidArgument, "speak needs either TEXT or --file, not both");
  }
  if (!options.file.empty()) return read_text(options.file);
  return options.text == "-" ? read_stdin() : options.text;
}

// From standard input, while it is spoken.
bool comes_by_and_by(const SpeakOptions& options) {
  return options.request.stream != StreamMode::kNone && options.file.empty() && options.text == "-";
}

// Speaks into the output. A text whose tensors are dumped is one request.
Result speak(const ChatterboxEngine& engine, Request& request, const SpeakOptions& options,
             Player* player) {
  if (comes_by_and_by(options)) return speak_input(engine, request, options.output, player);
  const bool is_long = options.dump.empty() && !app::fits_one_request(engine, request);
  const bool leaves_early = is_long || player != nullptr;
  if (leaves_early && request.stream == StreamMode::kNone) request.stream = StreamMode::kPieces;
  if (request.stream != StreamMode::kNone) {
    return speak_streamed(engine, request, is_long, options.output, player);
  }
  Result result = wait_with_progress(engine, request);
  write_speech(options.output, result);
  return result;
}

int list_languages() {
  for (const Language& language : languages()) {
    std::cout << language.code << "  " << language.name << '\n';
  }
  return 0;
}

int run_speak(const SpeakOptions& options) {
  if (options.list_languages) return list_languages();
  check_outputs(options.output, options.json, options.dump);
  check_writable(options.save_voice);
  check_words_file(options.words);
  check_distinct(
      {options.output.path, options.json, options.dump, options.save_voice, options.words});
  for (const std::string& input : {options.file, options.voice}) {
    warn_if_same(options.output.path, input);
  }
  std::optional<Player> player;
  if (options.play) player.emplace();
  Request request = options.request;
  if (!comes_by_and_by(options)) {
    request.text = ending_at_once([&] { return read_what_to_say(options); });
    check_text(request.text);
  }
  const ChatterboxEngine engine = load_engine(options.engine);
  TensorDump dump;
  if (!options.dump.empty()) {
    request.on_tensor = [&dump](const TensorView& view) { dump.add(view); };
  }
  const auto start = std::chrono::steady_clock::now();
  VoiceOptions voice_options = options.voice_options;
  voice_options.on_tensor = request.on_tensor;
  if (!options.voice.empty()) request.voice = open_voice(engine, options.voice, voice_options);
  const std::chrono::duration<double> voice_time = std::chrono::steady_clock::now() - start;
  if (!options.save_voice.empty()) {
    (request.voice ? *request.voice : engine.default_voice()).save(options.save_voice);
  }

  request.word_times = !options.words.empty();
  const Result result = speak(engine, request, options, player ? &*player : nullptr);
  if (!options.words.empty()) write_words(options.words, request.text, result);
  if (!options.dump.empty()) {
    dump.write(options.dump, {{"seed", std::to_string(result.stats().seed)}});
  }
  if (options.json.empty()) return 0;
  auto json = statistics(result);
  json["engine"] = statistics(engine.info());
  json["voice_seconds"] = voice_time.count();
  json["peak_rss_mib"] = peak_rss_mib();
  write_json(options.json, json);
  return 0;
}

}  // namespace

void add_speak(CLI::App& app, std::vector<Command>& commands) {
  auto options = std::make_shared<SpeakOptions>();
  CLI::App* app_speak = app.add_subcommand("speak", "speak a text into an audio file");
  app_speak
      ->add_option(
          "text", options->text,
          "what to say, UTF-8; - reads standard input, with --stream sentence by sentence as "
          "they come. A text of more than about half a "
          "minute, or with pauses (\"[pause:500ms]\"), is spoken in pieces and written "
          "while the rest is being spoken")
      ->type_name("TEXT");
  app_speak->add_option("-f,--file", options->file, "file with the text to speak, of any length")
      ->type_name("FILE");
  add_output_options(*app_speak, options->output);
  app_speak->add_flag("--play", options->play,
                      "play the speech on the sound device, with --stream while it is being made; "
                      "needs ALSA (libasound.so.2), and writes a file only where --output says so");
  add_voice_option(*app_speak, options->voice);
  add_prompt_option(*app_speak, options->voice_options);
  app_speak
      ->add_option("--save-voice", options->save_voice, "save the voice in this file, for --voice")
      ->type_name("OUT.voice");
  app_speak->add_flag("--list-languages", options->list_languages,
                      "list the languages that --language accepts, and exit");
  add_engine_options(*app_speak, options->engine);
  add_request_options(*app_speak, options->request);
  add_stream_options(*app_speak, options->request.stream, options->request.stream_options);
  app_speak
      ->add_option("--words", options->words,
                   "write when each word is spoken to this file: subtitles (.srt, .vtt), or .json; "
                   "needs a model whose heads align speech and text")
      ->type_name("FILE");
  app_speak
      ->add_option("--json", options->json,
                   "write statistics to this file as JSON, times in seconds; - is standard output")
      ->type_name("FILE");
  app_speak
      ->add_option("--dump", options->dump,
                   "write the tensors of every stage to this file (safetensors); the text is then "
                   "one request, however long. Those of a chunk have its number, from 0, behind "
                   "their names: s3gen.mel0")
      ->type_name("FILE");
  const CLI::Option* const output = app_speak->get_option("--output");
  commands.push_back({app_speak, [options, output] {
                        if (options->play && output->count() == 0) options->output.path.clear();
                        return run_speak(*options);
                      }});
}

}  // namespace chatterbox::cli
