#include "cli/quantise.h"

#include <memory>

namespace chatterbox::cli {
namespace {

struct QuantiseOptions {
  EngineOptions engine;
  std::string output;
};

int quantise(const QuantiseOptions& options) {
  quantise_model(options.engine.model, options.output, options.engine.family);
  return 0;
}

}  // namespace

void add_quantise(CLI::App& app, std::vector<Command>& commands) {
  auto options = std::make_shared<QuantiseOptions>();
  CLI::App* quantise_app = app.add_subcommand(
      "quantise",
      "write a copy of a model with T3 in int8: a third of T3's size, loads at once, and speaks as "
      "the model does with --precision int8");
  quantise_app
      ->add_option("model", options->engine.model, "folder with a published checkpoint, or demo")
      ->type_name("DIR")
      ->required();
  quantise_app
      ->add_option("-o,--output", options->output,
                   "new folder for the copy; files that stay as they are become hard links")
      ->type_name("DIR")
      ->required();
  add_family_option(*quantise_app, options->engine);
  commands.push_back({quantise_app, [options] { return quantise(*options); }});
}

}  // namespace chatterbox::cli
