// chatterbox-bench: how fast the engine speaks, through its public C++ interface alone.
// Exit codes: 0 done, 1 failed, 2 wrong usage.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <map>
#include <new>
#include <string>

#include "cli/options.h"
#include "measure.h"
#include "report.h"

namespace chatterbox::bench {
namespace {

constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;
constexpr const char* kDefaultText = "Hello there, how are you today? It is a fine day for a walk.";

const std::map<std::string, Mode> kModes = {
    {"sequential", Mode::kSequential}, {"batch", Mode::kBatch}, {"dynamic", Mode::kDynamic}};

struct Options {
  Plan plan;
  std::string texts_file;
  std::string format = "md";
};

// Beside those that the command-line program has too.
void add_engine_options(CLI::App& app, EngineOptions& engine) {
  engine.watermark = Watermark::kOff;  // no part of the model's speed
  cli::add_engine_options(app, engine);
  app.get_option("--watermark")->default_str("off");
}

void add_run_options(CLI::App& app, Options& options) {
  Plan& plan = options.plan;
  app.add_option("--voice", plan.voice,
                 "a recording (WAV, FLAC, Ogg Vorbis, Opus or MP3), made into a voice anew in each "
                 "run, or a saved voice [the model's own voice]")
      ->type_name("FILE");
  auto* text = app.add_option("--text", plan.texts, "what to say; may be given several times")
                   ->type_name("TEXT")
                   ->allow_extra_args(false)
                   ->default_str(kDefaultText);
  app.add_option("--texts", options.texts_file, "what to say, one text a line")
      ->type_name("FILE")
      ->excludes(text);
  plan.request.seed = 0;
  cli::add_request_options(app, plan.request);
  app.get_option("--seed")->default_str("0");
  app.get_option("--language")
      ->description(
          "of the text, for multilingual models; chatterbox speak --list-languages lists them");
  app.add_option("-r,--repetitions", plan.repetitions, "timed runs of each text")
      ->type_name("N")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  app.add_option("--warmup", plan.warmup,
                 "runs of each text before those; of a batch, of its first request")
      ->type_name("N")
      ->check(CLI::Range(0, 10000))
      ->capture_default_str();
  app.add_option("-o,--output", options.format,
                 "md: a table of the best and the median; csv: all runs; json: all runs and the "
                 "machine")
      ->type_name("FORMAT")
      ->check(CLI::IsMember({"md", "csv", "json"}))
      ->capture_default_str();
}

// A list asks for runs of batches; the other list then has its default.
void add_batch_options(CLI::App& app, Plan& plan) {
  app.add_option_function<std::vector<std::string>>(
         "--mode",
         [&plan](const std::vector<std::string>& names) {
           for (const std::string& name : names) plan.modes.push_back(kModes.at(name));
         },
         "how requests share the model: sequential, batch, dynamic, or several of them [dynamic if "
         "--batch-size is given]")
      ->type_name("LIST")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::IsMember({"sequential", "batch", "dynamic"}));
  app.add_option("--batch-size", plan.batch_sizes,
                 "requests given together, 1 to 256, or several such numbers: the texts in turn, "
                 "each with the next seed [1 if --mode is given]")
      ->type_name("LIST")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::Range(1, 256));
}

// Listeners ask for runs of streams.
void add_listener_options(CLI::App& app, Plan& plan) {
  auto* listeners =
      app.add_option("--listeners", plan.listeners,
                     "so many at a time play speech while it is made, 1 to 256, or several such "
                     "numbers: each of them --repetitions texts, one after the other")
          ->type_name("LIST")
          ->delimiter(',')
          ->allow_extra_args(false)
          ->check(CLI::Range(1, 256))
          ->excludes(app.get_option("--mode"))
          ->excludes(app.get_option("--batch-size"));
  cli::add_stream_plan_options(app, plan.request.stream_options, listeners);
}

std::vector<std::string> read_lines(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw Error(Status::kNotFound, path + ": " + std::strerror(errno));
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    if (line.find_first_not_of(" \t\r") != std::string::npos) lines.push_back(line);
  }
  if (file.bad()) throw Error(Status::kIo, path + ": cannot be read");
  if (lines.empty()) throw Error(Status::kInvalidArgument, path + ": has no text");
  return lines;
}

// The number of the run, where somebody watches.
void show_run(int run, int runs) {
  if (isatty(STDERR_FILENO) == 0) return;
  std::cerr << "\rrun " << run << " of " << runs << (run == runs ? "\n" : "") << std::flush;
}

template <class Reports>
void write(const Plan& plan, const std::string& format, const Reports& reports) {
  if (format == "json") {
    write_json(std::cout, plan, reports);
  } else if (format == "csv") {
    write_csv(std::cout, reports);
  } else {
    write_markdown(std::cout, plan, reports);
  }
}

void bench(Options& options) {
  Plan& plan = options.plan;
  if (!options.texts_file.empty()) plan.texts = read_lines(options.texts_file);
  if (plan.texts.empty()) plan.texts = {kDefaultText};
  plan.engine.log = [](LogLevel, uint64_t, std::string_view message) {
    std::cerr << "chatterbox-bench: " << message << std::endl;
  };
  if (!plan.listeners.empty()) {
    write(plan, options.format, measure_streams(plan, show_run));
  } else if (plan.modes.empty() && plan.batch_sizes.empty()) {
    write(plan, options.format, measure(plan, show_run));
  } else {
    if (plan.modes.empty()) plan.modes = {Mode::kDynamic};
    if (plan.batch_sizes.empty()) plan.batch_sizes = {1};
    write(plan, options.format, measure_batches(plan, show_run));
  }
  std::cout.flush();
  if (!std::cout) throw Error(Status::kIo, "cannot write to standard output");
}

int report_error(int code, std::string message) {
  std::replace(message.begin(), message.end(), '\n', ' ');
  std::cerr << "chatterbox-bench: error: " << message << std::endl;
  return code;
}

int main_program(int argc, char** argv) {
  Options options;
  CLI::App app(
      "Times the engine: prefill, decode, flow and vocoder, the whole run, and memory; one request "
      "at a time, with --mode or --batch-size many together, with --listeners as streams.\n"
      "Timed for themselves, and in none of the other times: loading, making a voice of a "
      "recording. Not timed: the program's start, the warm-up, writing of files.",
      "chatterbox-bench");
  app.set_version_flag("--version", std::string("chatterbox-bench ") + chatterbox_version());
  add_engine_options(app, options.plan.engine);
  add_run_options(app, options);
  add_batch_options(app, options.plan);
  add_listener_options(app, options.plan);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& request) {
    return app.exit(request);  // --help and --version
  } catch (const CLI::ParseError& error) {
    return report_error(kWrongUsage, std::string(error.what()) + " (see --help)");
  }
  try {
    bench(options);
    return 0;
  } catch (const Error& error) {
    const bool usage = error.status() == Status::kInvalidArgument;
    return report_error(usage ? kWrongUsage : kFailed, error.what());
  } catch (const std::bad_alloc&) {
    return report_error(kFailed, "out of memory");
  } catch (const std::exception& error) {
    return report_error(kFailed, error.what());
  }
}

}  // namespace
}  // namespace chatterbox::bench

int main(int argc, char** argv) { return chatterbox::bench::main_program(argc, argv); }
