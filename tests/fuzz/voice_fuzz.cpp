// A saved voice or a conds.pt. What is accepted can be saved and read again, and is the same.
#include "fuzz/parser.h"
#include "voice/conditionals.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace chatterbox;  // NOLINT
  fuzz::run_parser([&] {
    const voice::Conditionals voice = voice::parse(data, size, "file");
    const std::string saved = voice::serialise(voice);
    const voice::Conditionals again = voice::parse(saved.data(), saved.size(), "saved");
    fuzz::require(voice::content_id(voice) == voice::content_id(again), "another voice");
  });
  return 0;
}
