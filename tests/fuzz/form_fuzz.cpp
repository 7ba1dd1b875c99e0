// A form, as a client sends it to the server: a line with its media type, and the body. See
// multipart.h.
#include <cstdlib>
#include <string_view>

#include "fuzz/target.h"
#include "server/api_error.h"
#include "server/multipart.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t end = text.find('\n');
  if (end == std::string_view::npos) return 0;
  const std::string_view body = text.substr(end + 1);
  try {
    for (const auto& part : chatterbox::server::parse_form(text.substr(0, end), body)) {
      const bool inside = part.data.data() >= body.data() &&
                          part.data.data() + part.data.size() <= body.data() + body.size();
      if (part.name.empty() || !inside) std::abort();
    }
  } catch (const chatterbox::server::ApiError& error) {
    (void)chatterbox::server::to_response(error);
  }
  return 0;
}
