// The body of a request to speak, and a message of a WebSocket: see speech_request.h.
#include <cstdlib>
#include <string>

#include "fuzz/target.h"
#include "server/speech_request.h"

namespace {

using chatterbox::server::ApiError;

template <class Parse>
void parse_or_refuse(const Parse& parse) {
  try {
    const auto asked = parse();
    if (asked.format == nullptr || !(asked.speed >= 0.25 && asked.speed <= 4)) std::abort();
    if (asked.request.priority > 0) std::abort();
  } catch (const ApiError& error) {
    if (error.status() != 400) std::abort();
    (void)to_response(error);  // what it quotes may be no UTF-8
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string body(reinterpret_cast<const char*>(data), size);
  using namespace chatterbox::server;  // NOLINT: in this function
  parse_or_refuse([&] { return parse_speech(parse_object(body), {100}); });
  parse_or_refuse([&] { return parse_fed_speech(parse_object(body)); });
  return 0;
}
