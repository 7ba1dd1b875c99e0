#include "cli/load.h"

#include <iostream>
#include <string>
#include <string_view>

#include "cli/interrupt.h"
#include "cli/printable.h"

namespace chatterbox::cli {

ChatterboxEngine load_engine(EngineOptions options) {
  if (options.model == "demo") {
    std::cerr << "chatterbox: the demo model is tiny and knows two voices and English; for "
                 "the sound of Chatterbox, give --model a folder with the weights from "
                 "https://huggingface.co/ResembleAI/chatterbox (see README.md)"
              << std::endl;
  }
  options.log = [](LogLevel level, uint64_t tag, std::string_view message) {
    std::cerr << "chatterbox: " << (level == LogLevel::kError ? "error: " : "warning: ")
              << (tag == 0 ? "" : "line " + std::to_string(tag) + ": ") << printable(message)
              << std::endl;
  };
  return ending_at_once([&] { return ChatterboxEngine::load(options); });
}

}  // namespace chatterbox::cli
