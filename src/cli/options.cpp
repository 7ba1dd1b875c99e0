#include "cli/options.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <map>
#include <sstream>
#include <utility>

namespace chatterbox::cli {
namespace {

std::string text_of(double value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

std::string interval(double low, double high) {
  return "in [" + text_of(low) + ", " + text_of(high) + "]";
}

CLI::Validator checked(std::string range, std::function<bool(double)> accepts) {
  return CLI::Validator(
      [range, accepts = std::move(accepts)](std::string& input) -> std::string {
        char* end = nullptr;
        const double value = std::strtod(input.c_str(), &end);
        const bool number = end != input.c_str() && *end == '\0';
        if (number && std::isfinite(value) && accepts(value)) return {};
        return "must be " + (number ? range : "a number") + ", got " + input;
      },
      range);
}

}  // namespace

CLI::Validator in_range(double low, double high) {
  return checked(interval(low, high),
                 [low, high](double value) { return value >= low && value <= high; });
}

CLI::Validator in_range_or(double also, double low, double high) {
  return checked(text_of(also) + " or " + interval(low, high), [also, low, high](double value) {
    return value == also || (value >= low && value <= high);
  });
}

CLI::Validator above_to(double low, double high) {
  return checked("above " + text_of(low) + ", to " + text_of(high),
                 [low, high](double value) { return value > low && value <= high; });
}

CLI::Validator seed() {
  return CLI::Validator(
      [](std::string& input) -> std::string {
        uint64_t value = 0;
        const char* end = input.data() + input.size();
        const auto result = std::from_chars(input.data(), end, value);
        if (result.ec == std::errc() && result.ptr == end) return {};
        return "must be a whole number in [0, 2^64-1], got " + input;
      },
      "in [0, 2^64-1]");
}

void add_engine_options(CLI::App& app, EngineOptions& options) {
  app.add_option(
         "-m,--model", options.model,
         "folder with a checkpoint as published, or demo: a tiny model made in memory, whose "
         "sound is noise-like")
      ->type_name("DIR")
      ->capture_default_str();
  app.add_option("--device", options.device, "cpu, cuda, cuda:N, or auto: cuda where there is one")
      ->type_name("NAME")
      ->capture_default_str();
  app.add_option_function<std::string>(
         "--precision",
         [&options](const std::string& name) {
           options.precision = name == "bf16" ? Precision::kBf16 : Precision::kFp32;
         },
         "number type of the weights")
      ->type_name("NAME")
      ->check(CLI::IsMember({"fp32", "bf16"}).description("fp32 or bf16"))
      ->default_str("fp32 on a CPU, bf16 on CUDA");
  app.add_option("--threads", options.threads, "CPU threads; 0: one per core")
      ->type_name("N")
      ->check(in_range(0, 1024))
      ->capture_default_str();
}

void add_sampling_options(CLI::App& app, Request& request) {
  app.add_option_function<uint64_t>(
         "--seed", [&request](uint64_t seed) { request.seed = seed; },
         "of the random numbers: the same seed speaks the same")
      ->type_name("N")
      ->check(seed())
      ->default_str("picked, and reported by --json");
  app.add_option("--cfg-weight", request.cfg_weight,
                 "weight of classifier-free guidance; 0 is off and halves the work")
      ->type_name("W")
      ->check(in_range(0, 5))
      ->capture_default_str();
  app.add_option("--exaggeration", request.exaggeration, "how expressive; 0.5 is neutral")
      ->type_name("X")
      ->check(in_range(0, 2))
      ->capture_default_str();
  app.add_option("--temperature", request.temperature, "of sampling; 0 takes the best token")
      ->type_name("T")
      ->check(in_range_or(0, 0.05, 5))
      ->capture_default_str();
  app.add_option("--min-p", request.min_p, "drop tokens less likely than this times the best one")
      ->type_name("P")
      ->check(in_range(0, 1))
      ->capture_default_str();
  app.add_option("--top-p", request.top_p, "keep the most likely tokens up to this mass; 1 is off")
      ->type_name("P")
      ->check(above_to(0, 1))
      ->capture_default_str();
  app.add_option("--repetition-penalty", request.repetition_penalty, "1 is off")
      ->type_name("R")
      ->check(in_range(0.5, 5))
      ->capture_default_str();
  app.add_option("--max-new-tokens", request.max_new_tokens, "speech tokens at most, 25 a second")
      ->type_name("N")
      ->check(in_range(1, 4096))
      ->capture_default_str();
  app.add_option("--cfm-steps", request.cfm_steps, "Euler steps of the flow; fewer are faster")
      ->type_name("N")
      ->check(in_range(1, 100))
      ->capture_default_str();
  app.add_flag("--analyze-alignment", request.analyze_alignment,
               "watch the speech follow the text, and keep it from ending early or not at all; for "
               "models of the official size");
}

ChatterboxEngine load_engine(EngineOptions options) {
  if (options.model == "demo") {
    std::cerr
        << "chatterbox: the demo model makes noise-like sound, not speech; for speech give --model "
           "a folder with the weights of https://huggingface.co/ResembleAI/chatterbox (see "
           "README.md)"
        << std::endl;
  }
  options.log = [](LogLevel level, std::string_view message) {
    std::cerr << "chatterbox: " << (level == LogLevel::kError ? "error: " : "warning: ") << message
              << std::endl;
  };
  return ChatterboxEngine::load(std::move(options));
}

}  // namespace chatterbox::cli
