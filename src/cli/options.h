// What the commands' options share: ranges that are checked before a model is loaded, and common
// options.
#pragma once

#include <CLI/CLI.hpp>
#include <chatterbox/chatterbox.hpp>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace chatterbox::cli {

// A command, made by its add_*() function; `run` returns the exit code.
struct Command {
  CLI::App* app = nullptr;
  std::function<int()> run;
};

// Finite numbers in [low, high]; shown in the help as such. `also`: one more value that is allowed.
[[nodiscard]] CLI::Validator in_range(double low, double high);
[[nodiscard]] CLI::Validator in_range_or(double also, double low, double high);
[[nodiscard]] CLI::Validator above_to(double low, double high);  // (low, high]
// What fits into 64 bits; CLI11 would wrap the rest around.
[[nodiscard]] CLI::Validator seed();

// --family.
void add_family_option(CLI::App& app, EngineOptions& options);
// --model, --family, --watermark, --device, --precision, --deterministic, --threads.
void add_engine_options(CLI::App& app, EngineOptions& options);

// What the command line says of a request. What it does not say is the loaded family's default.
class RequestOptions {
 public:
  void set(std::function<void(Request&)> one) { set_.push_back(std::move(one)); }
  [[nodiscard]] Request over(Request defaults) const;

 private:
  std::vector<std::function<void(Request&)>> set_;
};

// --seed, --cfg-weight, ...: what a request has beside its text and its voice.
void add_request_options(CLI::App& app, RequestOptions& options);

// Loads the engine; says on stderr what a model is that has no weights of the real ones, and passes
// on the engine's warnings.
[[nodiscard]] ChatterboxEngine load_engine(EngineOptions options);

}  // namespace chatterbox::cli
