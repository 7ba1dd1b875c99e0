#include "cli/serve.h"

#include <csignal>
#include <filesystem>
#include <iostream>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "cli/ranges.h"
#include "server/serve.h"

namespace chatterbox::cli {
namespace {

constexpr int32_t kMaxBatch = 8;  // of each model, where nothing else is asked for

struct ServeCommand {
  std::vector<std::string> models = {"demo"};  // DIR or NAME=DIR
  EngineOptions engine;                        // of all of them
  server::ServeOptions serve;
  int64_t deadline_seconds = 600;
  int64_t grace_seconds = 30;
  int64_t idle_unload_seconds = 0;
};

// Lines of several threads must not mix.
void write_line(std::string_view line) {
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  std::cerr << line << std::endl;
}

// "NAME=DIR", or a folder that is called as the model is to be.
server::ModelSpec model_spec(const std::string& given, const EngineOptions& options) {
  const size_t equals = given.find('=');
  server::ModelSpec spec{given, options};
  spec.options.model = given;
  if (equals != std::string::npos) {
    spec.name = given.substr(0, equals);
    spec.options.model = given.substr(equals + 1);
  } else if (given != "demo") {
    const auto folder = std::filesystem::path(given).lexically_normal();
    spec.name = (folder.has_filename() ? folder : folder.parent_path()).filename().string();
  }
  if (spec.name.empty() || spec.options.model.empty()) {
    throw Error(Status::kInvalidArgument, "--model must be DIR or NAME=DIR, got " + given);
  }
  return spec;
}

void add_network_options(CLI::App& app, ServeCommand& command) {
  app.add_option("--host", command.serve.http.host,
                 "address to listen on; others than this machine's own need --keys")
      ->type_name("ADDRESS")
      ->capture_default_str();
  app.add_option("--port", command.serve.http.port, "port to listen on; 0: any free one")
      ->type_name("N")
      ->check(in_range(0, 65535))
      ->capture_default_str();
  app.add_option("--keys", command.serve.keys,
                 "file with a line NAME KEY [LIMIT] for each client; then every request needs a "
                 "key as its bearer token. Read again at SIGHUP")
      ->type_name("FILE");
  app.add_flag("--insecure", command.serve.insecure,
               "allow a public address without keys: anyone who reaches it may use it");
  app.add_option("--cors", command.serve.service.cors_origin,
                 "origin whose pages may use the server, or *; without it none but its own page")
      ->type_name("ORIGIN");
  app.add_option("--max-connections", command.serve.http.max_connections,
                 "connections at a time; others wait")
      ->type_name("N")
      ->check(in_range(1, 65536))
      ->capture_default_str();
  app.add_option("--io-threads", command.serve.http.threads, "threads that read and write")
      ->type_name("N")
      ->check(in_range(1, 64))
      ->capture_default_str();
}

void add_limit_options(CLI::App& app, ServeCommand& command) {
  app.add_option("--max-queue", command.engine.max_queue,
                 "requests that may wait for each model; more are refused (429)")
      ->type_name("N")
      ->check(in_range(1, 65536))
      ->capture_default_str();
  app.add_option("--max-batch", command.engine.max_batch,
                 "requests for each model that may draw tokens at a time")
      ->type_name("N")
      ->check(in_range(1, 256))
      ->default_str(std::to_string(kMaxBatch));
  app.add_option("--client-limit", command.serve.client_limit,
                 "requests that one client (key, or address) may have at a time")
      ->type_name("N")
      ->check(in_range(1, 65536))
      ->capture_default_str();
  app.add_option("--max-characters", command.serve.service.speech.max_characters,
                 "longest text of a request")
      ->type_name("N")
      ->check(in_range(1, 4000000))
      ->capture_default_str();
  app.add_option("--max-upload", command.serve.service.max_upload_bytes,
                 "longest recording, in bytes of its file")
      ->type_name("BYTES")
      ->check(in_range(1024, 1e10))
      ->capture_default_str();
  app.add_option("--deadline", command.deadline_seconds,
                 "seconds after which a request is given up, if it does not ask for fewer")
      ->type_name("S")
      ->check(in_range(1, 86400))
      ->capture_default_str();
  app.add_option("--memory-ceiling", command.serve.service.memory_ceiling,
                 "refuse requests while the process has more bytes of memory than this")
      ->type_name("BYTES")
      ->check(in_range(1, 1e15))
      ->default_str("none");
}

void add_life_options(CLI::App& app, ServeCommand& command) {
  app.add_option("--voices", command.serve.voices,
                 "folder in which uploaded voices are kept, and which several servers may share; "
                 "without it they are forgotten at the end")
      ->type_name("DIR");
  app.add_option("--grace", command.grace_seconds,
                 "seconds that running requests have to finish at SIGTERM")
      ->type_name("S")
      ->check(in_range(0, 86400))
      ->capture_default_str();
  app.add_option("--idle-unload", command.idle_unload_seconds,
                 "unload a model that nobody used for so many seconds; the next request loads it "
                 "again")
      ->type_name("S")
      ->check(in_range(1, 1e7))
      ->default_str("never");
}

// The fastest, as a server's clients wait for it.
ServeCommand defaults() {
  ServeCommand command;
  command.engine.precision = Precision::kAuto;
  command.engine.max_batch = kMaxBatch;
  return command;
}

int run_serve(ServeCommand command) {
  // The server handles both; a second one ends the program at once.
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
  command.engine.log = [](LogLevel level, uint64_t /*tag*/, std::string_view message) {
    write_line("chatterbox: " + std::string(level == LogLevel::kError ? "error: " : "warning: ") +
               std::string(message));
  };
  for (const std::string& model : command.models) {
    command.serve.models.push_back(model_spec(model, command.engine));
  }
  command.serve.service.max_deadline = std::chrono::seconds(command.deadline_seconds);
  command.serve.grace = std::chrono::seconds(command.grace_seconds);
  command.serve.idle_unload = std::chrono::seconds(command.idle_unload_seconds);
  // Those that run and wait, and some that are about to be refused.
  const auto at_once = static_cast<size_t>(command.engine.max_queue) +
                       static_cast<size_t>(*command.engine.max_batch);
  command.serve.service.workers = command.models.size() * at_once + 32;
  command.serve.log = write_line;
  command.serve.say = [](std::string_view line) { write_line("chatterbox: " + std::string(line)); };
  server::serve(command.serve);
  return 0;
}

}  // namespace

void add_serve(CLI::App& app, std::vector<Command>& commands) {
  auto command = std::make_shared<ServeCommand>(defaults());
  CLI::App* app_serve =
      app.add_subcommand("serve", "speak for clients of OpenAI's speech API, over HTTP");
  app_serve
      ->add_option("-m,--model", command->models,
                   "folder with a checkpoint, known to clients by its name, or NAME=DIR; may be "
                   "given several times, and the first is what a request gets that names none")
      ->type_name("DIR")
      ->default_str("demo");
  add_network_options(*app_serve, *command);
  add_limit_options(*app_serve, *command);
  add_life_options(*app_serve, *command);
  add_model_run_options(*app_serve, command->engine);
  commands.push_back({app_serve, [command] { return run_serve(*command); }});
}

}  // namespace chatterbox::cli
