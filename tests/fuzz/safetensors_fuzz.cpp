// A safetensors file: the bytes as they are, or, where they begin as a header does, behind the
// length of that header.
#include "checkpoint/safetensors.h"
#include "fuzz/parser.h"

namespace chatterbox::fuzz {
namespace {

void parse(const std::string& bytes) {
  run_parser([&] {
    const auto file = checkpoint::parse_safetensors(bytes.data(), bytes.size(), "file");
    for (const checkpoint::TensorEntry& entry : file->entries()) {
      read_all(entry.data, entry.bytes);
    }
    require(file->path() == "file", "another path");
    for (const auto& [key, value] : file->metadata()) read_all(value.data(), value.size());
  });
}

std::string with_length(std::string_view bytes) {
  constexpr size_t kDataBytes = 64;
  const size_t header = bytes.size() - std::min(bytes.size(), kDataBytes);
  std::string file(8, '\0');
  for (size_t i = 0; i < file.size(); ++i) file[i] = static_cast<char>(header >> 8 * i);
  return file.append(bytes);
}

}  // namespace
}  // namespace chatterbox::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes = chatterbox::fuzz::Input(data, size).rest();
  const bool is_header = !bytes.empty() && bytes.front() == '{';  // whose length is none
  chatterbox::fuzz::parse(is_header ? chatterbox::fuzz::with_length(bytes) : std::string(bytes));
  return 0;
}
