// The command-line program: a host of the library like any other, through its public interface.
// Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted, 143 terminated.
#include <algorithm>
#include <cstdio>
#include <exception>
#include <iostream>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "cli/batch.h"
#include "cli/convert.h"
#include "cli/files.h"
#include "cli/help.h"
#include "cli/info.h"
#include "cli/interrupt.h"
#include "cli/options.h"
#include "cli/printable.h"
#include "cli/quantise.h"
#include "cli/serve.h"
#include "cli/speak.h"
#include "cli/voice.h"
#include "cli/watermark.h"

namespace chatterbox::cli {
namespace {

constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

int report(int code, std::string message) {
  std::replace(message.begin(), message.end(), '\n', ' ');
  std::cerr << "chatterbox: error: " << printable(message) << std::endl;
  return code;
}

int run(const std::vector<Command>& commands) {
  try {
    for (const Command& command : commands) {
      if (!command.app->parsed()) continue;
      const int code = command.run();
      check_stdout();
      return code;
    }
    return report(kWrongUsage, "no command");
  } catch (const Interrupted& interrupt) {
    return report(interrupt_exit_code(), interrupt.what());
  } catch (const Error& error) {
    // A signal may be why a call of the system failed.
    if (interrupted()) return report(interrupt_exit_code(), error.what());
    return report(error.status() == Status::kInvalidArgument ? kWrongUsage : kFailed, error.what());
  } catch (const std::bad_alloc&) {
    return report(kFailed, "out of memory");
  } catch (const std::exception& error) {
    return report(kFailed, error.what());
  }
}

// An argument that nobody knows says more than what is missing because of it ("speek").
std::string describe(const CLI::ParseError& error, const CLI::App& app) {
  const std::vector<std::string> unknown = app.remaining(/*recurse=*/true);
  if (dynamic_cast<const CLI::RequiredError*>(&error) == nullptr || unknown.empty()) {
    return error.what();
  }
  return std::string(error.what()) + ", got " + unknown.front();
}

int main_program(int argc, char** argv) {
  CLI::App app("Speak text in any voice with the Chatterbox models.", "chatterbox");
  app.set_version_flag("--version", std::string("chatterbox ") + chatterbox_version());
  app.require_subcommand(1);
  app.formatter(std::make_shared<HelpFormatter>());
  std::vector<Command> commands;
  add_speak(app, commands);
  add_batch(app, commands);
  add_convert(app, commands);
  add_voice(app, commands);
  add_info(app, commands);
  add_quantise(app, commands);
  add_watermark(app, commands);
  add_serve(app, commands);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& request) {
    const int code = app.exit(request);  // --help and --version
    if (std::cout.flush()) return code;
    return report(kFailed, "cannot write to standard output");
  } catch (const CLI::ParseError& error) {
    return report(kWrongUsage, describe(error, app) + " (see --help)");
  }
  catch_interrupts();
  return run(commands);
}

}  // namespace
}  // namespace chatterbox::cli

int main(int argc, char** argv) {
  try {
    return chatterbox::cli::main_program(argc, argv);
  } catch (const std::exception& error) {  // where there is no memory even to begin, or to say so
    std::fprintf(stderr, "chatterbox: error: %s\n", error.what());
    return chatterbox::cli::kFailed;
  }
}
