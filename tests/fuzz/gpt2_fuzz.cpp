// The files of a GPT-2 tokenizer, parted by NULs: vocab.json, merges.txt, added_tokens.json,
// tokenizer_config.json, and a text. The vocabulary has the 256 letters of bytes besides.
#include <nlohmann/json.hpp>
#include <vector>

#include "fuzz/parser.h"
#include "support/file_source.h"
#include "text/byte_level.h"
#include "text/gpt2_files.h"

namespace chatterbox::fuzz {
namespace {

std::vector<std::string> parts_of(std::string_view bytes) {
  std::vector<std::string> parts(1);
  for (const char byte : bytes) {
    if (byte == '\0') {
      parts.emplace_back();
    } else {
      parts.back() += byte;
    }
  }
  parts.resize(5);
  return parts;
}

std::string with_byte_letters(const std::string& vocabulary) {
  auto json = nlohmann::json::parse(vocabulary, nullptr, false);
  if (!json.is_object()) return vocabulary;
  for (int byte = 0; byte < 256; ++byte) {
    const char letter = static_cast<char>(byte);
    json[text::byte_letters(std::string_view(&letter, 1))] = 100000 + byte;
  }
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void parse(const std::vector<std::string>& parts) {
  FilesInMemory::Files files;
  const auto add = [&files](const char* name, const std::string& bytes) {
    if (!bytes.empty()) files[name] = own_bytes(bytes);
  };
  add("vocab.json", parts[0]);
  add("merges.txt", parts[1]);
  add("added_tokens.json", parts[2]);
  add("tokenizer_config.json", parts[3]);
  run_parser([&] {
    const auto loaded = text::load_gpt2_tokenizer(FilesInMemory("folder", files));
    for (const int64_t id : loaded.tokenizer.encode(parts[4])) {
      require(id >= 0 && id < loaded.tokenizer.vocabulary_size(), "an id out of range");
    }
  });
}

}  // namespace
}  // namespace chatterbox::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto parts = chatterbox::fuzz::parts_of(chatterbox::fuzz::Input(data, size).rest());
  chatterbox::fuzz::parse(parts);
  if (!parts[0].empty() && parts[0].find("],") == std::string::npos) {  // nothing deep
    parts[0] = chatterbox::fuzz::with_byte_letters(parts[0]);
    chatterbox::fuzz::parse(parts);
  }
  return 0;
}
