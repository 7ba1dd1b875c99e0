#include "cli/options.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <map>
#include <sstream>
#include <utility>
#include <vector>

namespace chatterbox::cli {
namespace {

const std::map<std::string, Family> kFamilies = {
    {"english", Family::kEnglish},
    {"multilingual", Family::kMultilingual},
    {"multilingual-v2", Family::kMultilingualV2},
    {"multilingual-v3", Family::kMultilingualV3},
    {"turbo", Family::kTurbo},
    {"nano", Family::kNano},
};
const std::map<std::string, Watermark> kWatermarks = {
    {"auto", Watermark::kAuto}, {"on", Watermark::kOn}, {"off", Watermark::kOff}};

// A name of the table.
template <class T>
CLI::Validator one_of(const std::map<std::string, T>& table) {
  std::vector<std::string> names;
  for (const auto& [name, value] : table) names.push_back(name);
  return CLI::IsMember(names).description("");
}

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

void add_family_option(CLI::App& app, EngineOptions& options) {
  app.add_option_function<std::string>(
         "--family", [&options](const std::string& name) { options.family = kFamilies.at(name); },
         "of the models, where the folder has those of more than one: english, multilingual, "
         "multilingual-v2, multilingual-v3, turbo or nano")
      ->type_name("NAME")
      ->check(one_of(kFamilies))
      ->default_str("the one whose files are there");
}

void add_engine_options(CLI::App& app, EngineOptions& options) {
  app.add_option(
         "-m,--model", options.model,
         "folder with a checkpoint as published, or demo: a tiny model that comes with the program")
      ->type_name("DIR")
      ->capture_default_str();
  add_family_option(app, options);
  app.add_option_function<std::string>(
         "--watermark",
         [&options](const std::string& name) { options.watermark = kWatermarks.at(name); },
         "mark the speech inaudibly: auto (where the watermark's weights are installed), on or off")
      ->type_name("WHEN")
      ->check(one_of(kWatermarks))
      ->default_str("auto");
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
  app.add_flag(
      "--deterministic", options.deterministic,
      "the same bits alone and in any batch; a CPU always gives them, on CUDA it means one "
      "request at a time");
  app.add_option("--threads", options.threads, "CPU threads; 0: one per core")
      ->type_name("N")
      ->check(in_range(0, 1024))
      ->capture_default_str();
}

namespace {

// An option that sets a member of the request where it is given.
template <class T>
CLI::Option* add(CLI::App& app, RequestOptions& options, const std::string& name,
                 T Request::*member, const std::string& description) {
  return app.add_option_function<T>(
      name,
      [&options, member](const T& value) {
        options.set([member, value](Request& request) { request.*member = value; });
      },
      description);
}

}  // namespace

Request RequestOptions::over(Request defaults) const {
  for (const auto& set_one : set_) set_one(defaults);
  return defaults;
}

void add_request_options(CLI::App& app, RequestOptions& options) {
  app.add_option_function<uint64_t>(
         "--seed",
         [&options](uint64_t seed) {
           options.set([seed](Request& request) { request.seed = seed; });
         },
         "of the random numbers: the same seed speaks the same")
      ->type_name("N")
      ->check(seed())
      ->default_str("picked, and reported by --json");
  add(app, options, "--language", &Request::language,
      "of the text, for multilingual models: see speak --list-languages")
      ->type_name("CODE");
  app.add_flag_function(
      "--text-tags",
      [&options](int64_t) { options.set([](Request& request) { request.text_tags = true; }); },
      "tags in the text, such as [laughter], are tokens of a multilingual model, not text");
  add(app, options, "--cfg-weight", &Request::cfg_weight,
      "weight of classifier-free guidance; 0 is off and halves the work; not for Turbo and Nano")
      ->type_name("W")
      ->check(in_range(0, 5))
      ->default_str("0.5");
  add(app, options, "--exaggeration", &Request::exaggeration,
      "how expressive; 0.5 is neutral; not for Turbo and Nano")
      ->type_name("X")
      ->check(in_range(0, 2))
      ->default_str("0.5");
  add(app, options, "--temperature", &Request::temperature, "of sampling; 0 takes the best token")
      ->type_name("T")
      ->check(in_range_or(0, 0.05, 5))
      ->default_str("0.8");
  add(app, options, "--min-p", &Request::min_p,
      "drop tokens less likely than this times the best one; not for Turbo and Nano")
      ->type_name("P")
      ->check(in_range(0, 1))
      ->default_str("0.05");
  add(app, options, "--top-p", &Request::top_p,
      "keep the most likely tokens up to this mass; 1 is off")
      ->type_name("P")
      ->check(above_to(0, 1))
      ->default_str("1; Turbo, Nano: 0.95");
  add(app, options, "--top-k", &Request::top_k,
      "keep so many of the most likely tokens; 0 is off; for Turbo and Nano only")
      ->type_name("K")
      ->check(in_range(0, 10000))
      ->default_str("Turbo, Nano: 1000");
  add(app, options, "--repetition-penalty", &Request::repetition_penalty, "1 is off")
      ->type_name("R")
      ->check(in_range(0.5, 5))
      ->default_str("1.2");
  add(app, options, "--max-new-tokens", &Request::max_new_tokens,
      "speech tokens at most, 25 a second")
      ->type_name("N")
      ->check(in_range(1, 4096))
      ->default_str("1000");
  add(app, options, "--cfm-steps", &Request::cfm_steps, "Euler steps of the flow; fewer are faster")
      ->type_name("N")
      ->check(in_range(1, 100))
      ->default_str("10; Turbo, Nano: 2");
  app.add_flag_function(
         "--analyze-alignment,!--no-analyze-alignment",
         [&options](int64_t count) {
           options.set([on = count > 0](Request& request) { request.analyze_alignment = on; });
         },
         "watch the speech follow the text, and keep it from ending early or not at all; for "
         "models of the official size")
      ->default_str("on for the second multilingual model");
}

ChatterboxEngine load_engine(EngineOptions options) {
  if (options.model == "demo") {
    std::cerr
        << "chatterbox: the demo model is tiny and sounds like the espeak-ng that it learnt from; "
           "for natural speech give --model a folder with the weights of "
           "https://huggingface.co/ResembleAI/chatterbox (see README.md)"
        << std::endl;
  } else if (options.model == "synthetic") {
    std::cerr << "chatterbox: the synthetic model makes noise; it is for tests" << std::endl;
  }
  options.log = [](LogLevel level, std::string_view message) {
    std::cerr << "chatterbox: " << (level == LogLevel::kError ? "error: " : "warning: ") << message
              << std::endl;
  };
  return ChatterboxEngine::load(std::move(options));
}

}  // namespace chatterbox::cli
