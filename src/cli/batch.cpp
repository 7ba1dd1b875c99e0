#include "cli/batch.h"

#include <map>
#include <memory>

#include "cli/batch_run.h"
#include "cli/files.h"
#include "cli/interrupt.h"

namespace chatterbox::cli {
namespace {

struct BatchOptions {
  EngineOptions engine;
  RequestOptions request;  // for the lines that do not say otherwise
  std::string requests;
  BatchOutputs outputs;
};

int speak_batch(const BatchOptions& options) {
  if (options.outputs.dump == "-" || options.outputs.folder == "-") {
    throw Error(Status::kInvalidArgument, "--output and --dump need a folder, got -");
  }
  const std::vector<RequestLine> lines = read_requests(read_text(options.requests));
  if (lines.empty()) throw Error(Status::kInvalidArgument, options.requests + ": no requests");
  make_folder(options.outputs.folder);
  if (!options.outputs.dump.empty()) make_folder(options.outputs.dump);
  check_writable(options.outputs.json);

  // The next batch waits while one runs, and a voice may be made meanwhile.
  EngineOptions engine_options = options.engine;
  const int32_t most_in_flight = 2 * engine_options.max_batch;
  engine_options.max_queue = most_in_flight + 1;
  const ChatterboxEngine engine = load_engine(engine_options);
  throw_if_interrupted();
  BatchRun run(engine, options.request.over(engine.default_request()), options.outputs,
               static_cast<size_t>(most_in_flight));
  return run.run(lines) ? 0 : 1;
}

void add_batching_options(CLI::App& app, EngineOptions& options) {
  static const std::map<std::string, Mode> kModes = {
      {"sequential", Mode::kSequential}, {"batch", Mode::kBatch}, {"dynamic", Mode::kDynamic}};
  app.add_option_function<std::string>(
         "--mode", [&options](const std::string& name) { options.mode = kModes.at(name); },
         "one request at a time; a batch at a time; or requests that join and leave at any time")
      ->type_name("NAME")
      ->check(CLI::IsMember({"sequential", "batch", "dynamic"})
                  .description("sequential, batch or dynamic"))
      ->default_str("dynamic");
  app.add_option("--batch-size", options.max_batch, "requests at a time, at most")
      ->type_name("N")
      ->check(in_range(1, 256))
      ->capture_default_str();
  app.add_option("--memory-limit", options.memory_limit,
                 "bytes for the KV cache and the work on a batch; 0: half of what is free")
      ->type_name("BYTES")
      ->check(in_range(0, 1e15))
      ->capture_default_str();
}

}  // namespace

void add_batch(CLI::App& app, std::vector<Command>& commands) {
  auto options = std::make_shared<BatchOptions>();
  CLI::App* batch = app.add_subcommand("batch", "speak many texts, each into a WAV file");
  batch
      ->add_option("requests", options->requests,
                   "one JSON object a line: \"id\", \"text\", and the options of speak with "
                   "underscores, as \"voice\" and \"cfg_weight\"; - reads standard input")
      ->type_name("REQUESTS.jsonl")
      ->required();
  batch->add_option("-o,--output", options->outputs.folder, "folder for ID.wav of each request")
      ->type_name("DIR")
      ->capture_default_str();
  add_engine_options(*batch, options->engine);
  add_batching_options(*batch, options->engine);
  add_request_options(*batch, options->request);
  batch
      ->add_option("--json", options->outputs.json,
                   "write statistics there, a line for each request as it is done, and a summary; "
                   "- is standard output")
      ->type_name("FILE")
      ->capture_default_str();
  batch
      ->add_option("--dump", options->outputs.dump,
                   "folder for ID.safetensors of each request: the tensors of every stage")
      ->type_name("DIR");
  commands.push_back({batch, [options] { return speak_batch(*options); }});
}

}  // namespace chatterbox::cli
