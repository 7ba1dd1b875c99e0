#include "cli/info.h"

#include <iostream>
#include <memory>

#include "cli/files.h"
#include "cli/statistics.h"

namespace chatterbox::cli {
namespace {

struct InfoOptions {
  EngineOptions engine;
  std::string json;
};

int show_model(const InfoOptions& options) {
  check_writable(options.json);
  const ChatterboxEngine engine = load_engine(options.engine);
  const auto json = statistics(engine.info());
  if (!options.json.empty()) {
    write_json(options.json, json);
    return 0;
  }
  for (const auto& [name, value] : json.items()) {
    std::cout << name << ": " << (value.is_string() ? value.get<std::string>() : value.dump())
              << '\n';
  }
  return 0;
}

}  // namespace

void add_info(CLI::App& app, std::vector<Command>& commands) {
  auto options = std::make_shared<InfoOptions>();
  CLI::App* info = app.add_subcommand("info", "load a model and say what it is");
  info->add_option("model", options->engine.model, "folder with a checkpoint as published, or demo")
      ->type_name("DIR")
      ->required();
  add_family_option(*info, options->engine);
  info->add_option("--json", options->json, "write it there as JSON; - is standard output")
      ->type_name("FILE");
  commands.push_back({info, [options] { return show_model(*options); }});
}

}  // namespace chatterbox::cli
