#include "cli/speak.h"

#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>
#include <string_view>
#include <utility>

#include "cli/dump.h"
#include "cli/files.h"
#include "cli/interrupt.h"
#include "cli/progress.h"
#include "cli/running_job.h"
#include "cli/statistics.h"
#include "cli/voice.h"
#include "cli/wav_stream.h"

namespace chatterbox::cli {
namespace {

// A longer text is spoken in pieces.
constexpr size_t kMostBytesAtOnce = 400;

struct SpeakOptions {
  EngineOptions engine;
  std::string text;  // as given, "-" included
  std::string file;
  RequestOptions request;
  std::string voice;
  std::string save_voice;
  std::string output = "speech.wav";
  std::string json;
  std::string dump;
  bool list_languages = false;
};

std::string read_what_to_say(const SpeakOptions& options) {
  if (options.text.empty() == options.file.empty()) {
    throw Error(Status::kInvalidArgument, "speak takes a TEXT or a --file, and not both");
  }
  if (!options.file.empty()) return read_text(options.file);
  return options.text == "-" ? read_stdin() : options.text;
}

// Marks of pauses are such in any case of their letters.
bool has_pause(const std::string& text) {
  constexpr std::string_view kMark = "[pause:";
  const auto equal = [](char c, char lower) {
    return (c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c) == lower;
  };
  return std::search(text.begin(), text.end(), kMark.begin(), kMark.end(), equal) != text.end();
}

// One request: its tensors can be dumped, and its pauses cannot be marked.
bool is_one_request(const SpeakOptions& options, const std::string& text) {
  return !options.dump.empty() || (text.size() <= kMostBytesAtOnce && !has_pause(text));
}

// What is spoken by then is in the file, whatever ends the rest.
Result speak_in_pieces(const ChatterboxEngine& engine, const Request& request, WavStream& wav) {
  TerminalLine line;
  LongTextOptions pieces;
  pieces.on_samples = [&](const float* samples, size_t count) { wav.write(samples, count); };
  pieces.is_cancelled = [] { return interrupted(); };
  pieces.on_piece = [&](size_t done, size_t total) {
    line.draw(std::to_string(done) + " of " + std::to_string(total) + " pieces, " +
              std::to_string(static_cast<int64_t>(wav.seconds())) + " s");
  };
  try {
    Result result = engine.generate_long(request, pieces);
    wav.finish();
    return result;
  } catch (const Error& error) {
    if (error.status() == Status::kCancelled && interrupted()) throw Interrupted();
    throw;
  }
}

// Speaks into the output and returns the statistics.
nlohmann::ordered_json speak(const ChatterboxEngine& engine, Request request,
                             const SpeakOptions& options) {
  if (is_one_request(options, request.text)) {
    const Result result = wait_with_progress(engine, std::move(request));
    write_audio(options.output, result.audio);
    return statistics(result);
  }
  WavStream wav(options.output);
  const Result result = speak_in_pieces(engine, request, wav);
  return statistics(result, wav.seconds());
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
  const std::string text = read_what_to_say(options);
  const ChatterboxEngine engine = load_engine(options.engine);
  throw_if_interrupted();
  Request request = options.request.over(engine.default_request());
  request.text = text;
  TensorDump dump;
  if (!options.dump.empty()) {
    request.on_tensor = [&dump](const TensorView& view) { dump.add(view); };
  }
  const auto start = std::chrono::steady_clock::now();
  if (!options.voice.empty()) request.voice = open_voice(engine, options.voice, request.on_tensor);
  const std::chrono::duration<double> voice_time = std::chrono::steady_clock::now() - start;
  throw_if_interrupted();
  if (!options.save_voice.empty()) {
    (request.voice ? *request.voice : engine.default_voice()).save(options.save_voice);
  }

  auto json = speak(engine, std::move(request), options);
  if (!options.dump.empty()) {
    dump.write(options.dump, {{"seed", std::to_string(json.at("seed").get<uint64_t>())}});
  }
  if (!options.json.empty()) {
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
  app_speak
      ->add_option("text", options->text,
                   "what to say, UTF-8; - reads standard input. More than 400 bytes, and what has "
                   "pauses in it (\"[pause:500ms]\"), is spoken in pieces and written as it goes")
      ->type_name("TEXT");
  app_speak->add_option("-f,--file", options->file, "a file with what to say, of any length")
      ->type_name("FILE");
  app_speak
      ->add_option("-o,--output", options->output,
                   "WAV file, 24 kHz mono 16 bit; - is standard output")
      ->type_name("OUT.wav")
      ->capture_default_str();
  app_speak
      ->add_option("--voice", options->voice,
                   "a recording (WAV), a saved voice, a conds.pt, or a voice that the model has "
                   "(demo: low, high)")
      ->type_name("FILE")
      ->default_str("the model's own");
  app_speak->add_option("--save-voice", options->save_voice, "write the voice there, for --voice")
      ->type_name("OUT.voice");
  app_speak->add_flag("--list-languages", options->list_languages,
                      "say which languages there are for --language, and no more");
  add_engine_options(*app_speak, options->engine);
  add_request_options(*app_speak, options->request);
  app_speak
      ->add_option("--json", options->json,
                   "write statistics there, times in seconds; - is standard output")
      ->type_name("FILE");
  app_speak
      ->add_option(
          "--dump", options->dump,
          "write the tensors of every stage there, as safetensors; the text is one request")
      ->type_name("FILE");
  commands.push_back({app_speak, [options] { return run_speak(*options); }});
}

}  // namespace chatterbox::cli
