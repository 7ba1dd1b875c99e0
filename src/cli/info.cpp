#include "cli/info.h"

#include <iostream>
#include <memory>

#include "cli/files.h"
#include "cli/load.h"
#include "cli/statistics.h"

namespace chatterbox::cli {
namespace {

using nlohmann::ordered_json;

struct InfoOptions {
  EngineOptions engine;
  std::string json;
};

std::string text_of(const ordered_json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) return to_line(value);
  std::string text;
  for (const ordered_json& one : value) text += (text.empty() ? "" : ", ") + text_of(one);
  return text.empty() ? "none" : text;
}

// A line for each value; those of an object are indented below its name.
void print(const ordered_json& json, const std::string& indent) {
  for (const auto& [name, value] : json.items()) {
    if (value.is_object()) {
      std::cout << indent << name << ":\n";
      print(value, indent + "  ");
    } else {
      std::cout << indent << name << ": " << text_of(value) << '\n';
    }
  }
}

int show_model(const InfoOptions& options) {
  check_writable(options.json);
  const ChatterboxEngine engine = load_engine(options.engine);
  ordered_json json = statistics(engine.info());
  json["limits"] = statistics(engine.limits());
  if (options.json.empty()) {
    print(json, "");
  } else {
    write_json(options.json, json);
  }
  return 0;
}

}  // namespace

void add_info(CLI::App& app, std::vector<Command>& commands) {
  auto options = std::make_shared<InfoOptions>();
  CLI::App* info = app.add_subcommand(
      "info", "load a model and describe it: defaults, voices, languages, limits");
  info->add_option("model", options->engine.model, "folder with a published checkpoint, or demo")
      ->type_name("DIR")
      ->required();
  add_s3gen_option(*info, options->engine);
  add_family_option(*info, options->engine);
  info->add_option("--json", options->json,
                   "write the description to this file as JSON; - is standard output")
      ->type_name("FILE");
  commands.push_back({info, [options] { return show_model(*options); }});
}

}  // namespace chatterbox::cli
