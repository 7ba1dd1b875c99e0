#include "cli/batch.h"

#include <map>
#include <memory>

#include "cli/batch_run.h"
#include "cli/files.h"
#include "cli/interrupt.h"
#include "cli/load.h"
#include "cli/output.h"
#include "cli/ranges.h"
#include "cli/voice_file.h"

namespace chatterbox::cli {
namespace {

struct BatchOptions {
  EngineOptions engine;
  VoiceOptions voice;
  Request request;  // for the lines that do not say otherwise
  std::string requests;
  BatchOutputs outputs;
};

int speak_batch(const BatchOptions& options) {
  if (options.outputs.dump == "-" || options.outputs.folder == "-") {
    throw Error(Status::kInvalidArgument, "--output and --dump need a folder, got -");
  }
  Request defaults = options.request;
  defaults.word_times = !options.outputs.words.empty();
  const std::string text = ending_at_once([&] { return read_text(options.requests); });
  const std::vector<RequestLine> lines = read_requests(text, defaults);
  if (lines.empty()) throw Error(Status::kInvalidArgument, options.requests + ": has no requests");
  make_folder(options.outputs.folder);
  if (!options.outputs.dump.empty()) make_folder(options.outputs.dump);
  check_writable(options.outputs.json);

  const ChatterboxEngine engine = load_engine(options.engine);
  BatchRun run(engine, options.outputs, options.voice);
  return run.run(lines) ? 0 : 1;
}

void add_batching_options(CLI::App& app, EngineOptions& options) {
  static const std::map<std::string, Mode> kModes = {
      {"sequential", Mode::kSequential}, {"batch", Mode::kBatch}, {"dynamic", Mode::kDynamic}};
  app.add_option_function<std::string>(
         "--mode", [&options](const std::string& name) { options.mode = kModes.at(name); },
         "how requests share the model: sequential (one at a time), batch (a batch at a time) or "
         "dynamic (requests join and leave at any time)")
      ->type_name("NAME")
      ->check(one_of(kModes))
      ->default_str("dynamic");
  app.add_option("--batch-size", options.max_batch, "how many requests may draw tokens at a time")
      ->type_name("N")
      ->check(in_range(1, 256))
      ->default_str("8 on a CPU; on CUDA as many as memory allows");
}

void add_outputs(CLI::App& app, BatchOutputs& outputs) {
  app.add_option("-o,--output", outputs.folder,
                 "folder for the audio files, ID.wav for each request")
      ->type_name("DIR")
      ->capture_default_str();
  app.add_option(
         "--format", outputs.format,
         "format of the audio files, and their extension: wav (16 bit), flac, ogg, opus or mp3")
      ->type_name("NAME")
      ->check(one_of(format_names()))
      ->capture_default_str();
  app.add_option("--words", outputs.words,
                 "write when each word is spoken to ID.srt, ID.vtt or ID.json beside the audio "
                 "files, for requests whose \"word_times\" is not false")
      ->type_name("NAME")
      ->check(CLI::IsMember({"srt", "vtt", "json"}));
  app.add_option("--json", outputs.json,
                 "write statistics to this file as JSON, one line for each request when it is "
                 "done, and a summary; - is standard output")
      ->type_name("FILE")
      ->capture_default_str();
  app.add_option("--dump", outputs.dump,
                 "folder for the tensors of every stage, ID.safetensors for each request")
      ->type_name("DIR");
}

}  // namespace

void add_batch(CLI::App& app, std::vector<Command>& commands) {
  auto options = std::make_shared<BatchOptions>();
  CLI::App* batch = app.add_subcommand("batch", "speak many texts, each into an audio file");
  batch
      ->add_option("requests", options->requests,
                   "file with one JSON object per line: \"id\" and \"text\"; optionally \"voice\", "
                   "the options below with underscores (\"cfg_weight\"), \"priority\" (in [-100, "
                   "100], default: 0; the waiting request with the highest priority starts first) "
                   "\"deadline_ms\" (1 or more, default: none; counted from when the request "
                   "is queued) and \"word_times\" (true: the statistics have when each word is "
                   "spoken). - reads standard input")
      ->type_name("REQUESTS.jsonl")
      ->required();
  add_outputs(*batch, options->outputs);
  add_engine_options(*batch, options->engine);
  add_prompt_option(*batch, options->voice);
  add_batching_options(*batch, options->engine);
  add_request_options(*batch, options->request);
  commands.push_back({batch, [options] { return speak_batch(*options); }});
}

}  // namespace chatterbox::cli
