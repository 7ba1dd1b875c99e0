// A tokenizer.json in all its readings, and a text encoded by what is accepted: the text is what
// follows the first NUL.
#include <algorithm>

#include "fuzz/parser.h"
#include "text/hf_tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace chatterbox;  // NOLINT
  const std::string_view bytes = fuzz::Input(data, size).rest();
  const size_t end = std::min(bytes.find('\0'), bytes.size());
  const std::string_view text = end == bytes.size() ? "Hello, world." : bytes.substr(end + 1);
  for (const auto kind : {text::PreTokenizer::kWhitespace, text::PreTokenizer::kByteLevel}) {
    fuzz::run_parser([&] {
      const auto tokenizer = text::BpeTokenizer::parse(bytes.substr(0, end), "file", kind);
      for (const int64_t id : tokenizer.encode(text)) {
        fuzz::require(id >= 0 && id < tokenizer.vocabulary_size(), "an id out of range");
      }
      (void)tokenizer.require("[STOP]", "file");
    });
  }
  return 0;
}
