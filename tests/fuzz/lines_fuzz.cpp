// The lines of requests that `chatterbox batch` reads. However they are, what is wrong with one is
// said in bounded words, and nothing else is thrown.
#include "cli/request_lines.h"

#include "fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(chatterbox::fuzz::Input(data, size).rest());
  for (const auto& line : chatterbox::cli::read_requests(text, {})) {
    if (!line.error) continue;
    chatterbox::fuzz::require(std::string_view(line.error->what()).size() < 2000,
                              "a message without bounds");
  }
  return 0;
}
