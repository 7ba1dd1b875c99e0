// The target of a request, as a client sends it to the server: see url.h.
#include <cstdlib>
#include <string_view>

#include "fuzz/target.h"
#include "server/url.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto target = chatterbox::server::parse_target(text);
  if (!target) return 0;
  for (const std::string& segment : target->path) {
    // What an endpoint may take for a name of its own.
    const bool leaves = segment.empty() || segment == "." || segment == "..";
    if (leaves || segment.find('/') != std::string::npos ||
        segment.find('\0') != std::string::npos) {
      std::abort();
    }
  }
  return 0;
}
